"""Docker tests run where an engine answers, and it is said clearly where they did not.

With ORCH_REQUIRE_DOCKER=1 (as in CI) the run fails instead of skipping them.
"""

import functools
import gc
import os
import signal
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.errors import DockerException
from hypothesis import settings

from tests.support import compiled  # noqa: F401 - before what it may have compiled
from tests.support.guardian import guardian

# A shell's background job ignores SIGINT, and so would every program that a test interrupts.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more of the machine than of the product.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")

REQUIRED = os.environ.get("ORCH_REQUIRE_DOCKER") == "1"


@functools.cache
def docker_trouble() -> str:
    """Why no Docker test can run, "" if they can."""
    try:
        client = docker.from_env(timeout=5)
    except DockerException as error:
        trouble = f"no Docker engine answers: {error}"
    else:
        return _unanswered(client)
    # The SDK leaves the socket of a failed connect to the garbage collector. Here and now, or the
    # warning would be some test's.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()
    return trouble


def _unanswered(client: docker.DockerClient) -> str:
    try:
        client.ping()
    except (DockerException, OSError) as error:
        return f"no Docker engine answers: {error}"
    finally:
        client.close()
    return ""


def pytest_configure() -> None:
    """Whatever tests start ends with this process, also if that is killed."""
    guardian()


def pytest_unconfigure() -> None:
    """Nothing is left."""
    guardian().close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, or refuse to skip, what needs an engine that is not there."""
    marked = [item for item in items if item.get_closest_marker("docker")]
    if not marked or not docker_trouble():
        return
    if REQUIRED:
        raise pytest.UsageError(f"ORCH_REQUIRE_DOCKER=1, but {docker_trouble()}")
    for item in marked:
        item.add_marker(pytest.mark.skip(reason=docker_trouble()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line on whether Docker was part of this run."""
    trouble = docker_trouble()
    verdict = f"did NOT run ({trouble}; `make engine` installs one)" if trouble else "ran"
    terminalreporter.write_line(f"Docker tests: {verdict}")


@pytest.fixture
def state_dir() -> Iterator[Path]:
    """A short path: the sockets of the proxy workers live below it (107 bytes at most)."""
    with tempfile.TemporaryDirectory(dir=guardian().folder) as folder:
        yield Path(folder)
