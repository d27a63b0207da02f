"""Every test here runs on every engine: containers, processes in control groups, and processes
without them (as where they are not permitted)."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.engines.base import Engine
from tests.conftest import REQUIRED
from tests.engines.contract.bench import IMAGE, Bench

KINDS = ["process", "process-plain", pytest.param("docker", marks=pytest.mark.docker)]


@pytest.fixture(params=KINDS)
async def bench(request: pytest.FixtureRequest, state_dir: Path) -> AsyncIterator[Bench]:
    """A project of its own, cleared afterwards."""
    if request.param == "docker":
        _need_image()
    bench = Bench(request.param, state_dir)
    try:
        yield bench
    finally:
        await bench.clear()


@pytest.fixture
async def engine(bench: Bench) -> Engine:
    """One open engine of that project."""
    return await bench.engine()


def _need_image() -> None:
    found = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False)
    if found.returncode != 0:
        message = f"image {IMAGE} is missing: run `make base-image`"
        pytest.fail(message) if REQUIRED else pytest.skip(message)
