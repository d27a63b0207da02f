"""Every scenario runs on every engine, and leaves nothing behind."""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import REQUIRED
from tests.engines.contract.bench import IMAGE
from tests.support.rig import Rig

PROCESS_ONLY = pytest.mark.parametrize("rig", ["process"], indirect=True)
"""For what does not depend on the engine."""


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
async def rig(request: pytest.FixtureRequest, state_dir: Path) -> AsyncIterator[Rig]:
    """A project of its own. Afterwards it is cleared, and nothing of it may be left."""
    if request.param == "docker":
        _need_image()
    rig = Rig(request.param, state_dir)
    try:
        yield rig
    finally:
        await rig.clear()


def _need_image() -> None:
    found = subprocess.run(["docker", "image", "inspect", IMAGE], capture_output=True, check=False)
    if found.returncode != 0:
        message = f"image {IMAGE} is missing: run `make base-image`"
        pytest.fail(message) if REQUIRED else pytest.skip(message)
