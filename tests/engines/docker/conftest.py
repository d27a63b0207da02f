"""Containers of one project, and the bare SDK to look at them from outside."""

import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import NotFound

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.address import find
from tests.conftest import REQUIRED, docker_trouble
from tests.engines.contract.bench import IMAGE, Bench
from tests.engines.docker.wire import Wire

Inspect = Callable[[str], dict[str, Any]]


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    """The bare SDK."""
    if trouble := docker_trouble():
        pytest.skip(trouble)
    client = docker.APIClient(timeout=30)
    try:
        yield client
    finally:
        client.close()


@pytest.fixture
def image(client: docker.APIClient) -> str:
    """The image that replicas run."""
    if not client.images(IMAGE):
        message = f"image {IMAGE} is missing: run `make base-image`"
        pytest.fail(message) if REQUIRED else pytest.skip(message)
    return IMAGE


@pytest.fixture
async def bench(image: str, state_dir: Path) -> AsyncIterator[Bench]:
    """A project of its own, cleared afterwards."""
    bench = Bench("docker", state_dir)
    try:
        yield bench
    finally:
        await bench.clear()


@pytest.fixture
async def engine(bench: Bench) -> DockerEngine:
    """One open engine of that project."""
    engine = await bench.engine()
    assert isinstance(engine, DockerEngine)
    return engine


@pytest.fixture
def inspect(client: docker.APIClient) -> Inspect:
    """What the engine says of a container, whole."""

    def look(engine_id: str) -> dict[str, Any]:
        found: dict[str, Any] = client.inspect_container(engine_id)
        return found

    return look


@pytest.fixture
def stranger(client: docker.APIClient, image: str) -> Iterator[Callable[..., str]]:
    """Makes running containers that are not ours; returns their ids."""
    made: list[str] = []

    def make(labels: dict[str, str] | None = None, name: str | None = None, **host: Any) -> str:
        config = {
            "Image": image,
            "Cmd": ["sleep", "600"],
            "Labels": labels or {},
            "HostConfig": host,
        }
        name = name or f"stranger-{uuid.uuid4().hex[:8]}"
        made.append(client.create_container_from_config(config, name)["Id"])  # type: ignore[no-untyped-call]
        client.start(made[-1])
        return made[-1]

    yield make
    for engine_id in made:
        with contextlib.suppress(NotFound):
            client.remove_container(engine_id, force=True, v=True)


@pytest.fixture
async def wire(state_dir: Path) -> AsyncIterator[Wire]:
    """A whole wire to a local engine."""
    if not find().on_socket:
        pytest.skip("the engine is not reached through a Unix socket")
    wire = Wire(state_dir / "wire.sock")
    await wire.mend()
    yield wire
    await wire.cut()


@pytest.fixture
def image_name(client: docker.APIClient) -> Iterator[str]:
    """A name for an image to be built, which is removed afterwards."""
    name = f"orchestrator-test-{os.getpid()}-{uuid.uuid4().hex[:8]}:1"
    yield name
    with contextlib.suppress(NotFound):
        client.remove_image(name, force=True)
