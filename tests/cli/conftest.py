"""Projects for the command line's tests, each ended whatever happens."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.manifests import NODES, web, write
from tests.cli.orch import Orch
from tests.support.guardian import guardian
from tests.support.ports import free_port


@pytest.fixture
def orch(state_dir: Path) -> Iterator[Orch]:
    """A project that does not run yet."""
    one = Orch(state_dir, f"cli-{os.getpid()}")
    guardian().watch(one.project, state_dir / one.project)
    yield one
    if (state_dir / one.project).exists():
        one("down")
    guardian().unwatch(one.project)


@pytest.fixture(scope="module")
def running() -> Iterator[Orch]:
    """It runs for all tests of a module: they may read, not change."""
    with tempfile.TemporaryDirectory(dir=guardian().folder) as folder:
        one = Orch(Path(folder), f"cli-reading-{os.getpid()}")
        manifest = write(Path(folder), NODES, web(free_port()))
        guardian().watch(one.project, Path(folder) / one.project)
        try:
            one.up("-f", manifest, "--wait")
            yield one
        finally:
            one("down")
            guardian().unwatch(one.project)
