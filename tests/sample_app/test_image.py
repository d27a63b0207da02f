"""The image: built without a network, run as locked down as the orchestrator runs it."""

import os
from collections.abc import Iterator

import docker
import httpx
import pytest
from docker import DockerClient
from docker.models.containers import Container

from tests.support.wait import eventually

from .conftest import ROOT

pytestmark = pytest.mark.docker
BASES = ("python:3.12-slim", "orchestrator-base:3")


@pytest.fixture(scope="module")
def engine() -> Iterator[DockerClient]:
    client = docker.from_env(timeout=60)
    yield client
    client.close()


@pytest.fixture(scope="module")
def image(engine: DockerClient) -> Iterator[str]:
    """The sample app's image under a tag of its own."""
    there = {tag for image in engine.images.list() for tag in image.tags}
    base = next((base for base in BASES if base in there), None)
    if base is None:
        assert os.environ.get("ORCH_REQUIRE_DOCKER") != "1", "make base-image was not run"
        pytest.skip(f"none of {', '.join(BASES)} is on the engine: make base-image")
    tag = f"sample-app-test:{os.getpid()}"
    engine.images.build(
        path=str(ROOT / "sample_app"), tag=tag, buildargs={"BASE": base}, rm=True, forcerm=True
    )
    yield tag
    engine.images.remove(tag)


@pytest.fixture
def container(engine: DockerClient, image: str) -> Iterator[Container]:
    """A running, answering container of it."""
    container = engine.containers.run(
        image,
        ["python", "-m", "sample_app"],
        detach=True,
        environment={"ORCH_SERVICE": "web", "ORCH_SLOT": "0"},
        ports={"8000/tcp": ("127.0.0.1", 0)},  # any free port
        read_only=True,
        tmpfs={"/tmp": ""},
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        mem_limit="64m",
        memswap_limit="64m",
        pids_limit=64,
    )
    try:
        eventually(lambda: b"listening" in container.logs())
        yield container
    finally:
        container.remove(force=True, v=True)


def url(container: Container) -> str:
    """Where the container's port is published."""
    container.reload()
    published = container.ports["8000/tcp"]
    assert published
    return f"http://127.0.0.1:{published[0]['HostPort']}"


def run_inside(container: Container, *command: str) -> tuple[int | None, str]:
    """Exit status and output of a command in the container."""
    status, output = container.exec_run(list(command))
    assert isinstance(output, bytes)
    return status, output.decode()


def test_it_answers_and_stops_well(container: Container) -> None:
    assert httpx.get(f"{url(container)}/").json()["replica"] == "web-0"
    assert httpx.get(f"{url(container)}/work?ms=1").status_code == 200
    container.stop(timeout=5)
    assert container.wait(timeout=10)["StatusCode"] == 0


def test_it_is_nobody_and_can_do_nothing(container: Container) -> None:
    code = (
        "import os, pathlib; print(os.getuid(), pathlib.Path('/proc/1/status').read_text());"
        "pathlib.Path('/tmp/x').write_text('x'); print(os.access('/app', os.W_OK))"
    )
    status, text = run_inside(container, "python", "-c", code)
    assert status == 0, text
    assert text.startswith("10001 ")
    assert "CapEff:\t0000000000000000" in text
    assert text.endswith("False\n")


def test_bytecode_is_in_the_image(container: Container) -> None:
    _, path = run_inside(container, "python", "-c", "import uvicorn; print(uvicorn.__cached__)")
    assert run_inside(container, "test", "-f", path.strip())[0] == 0


def test_too_much_memory_is_an_oom_kill(container: Container) -> None:
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{url(container)}/memory?mb=200", timeout=10)
    assert container.wait(timeout=10)["StatusCode"] == 137
    container.reload()
    assert container.attrs["State"]["OOMKilled"]
