"""Whoever kills the tests finds nothing of them afterwards."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.guardian import ROOT, processes_of
from tests.support.wait import eventually_async

DOCKER = pytest.param("docker", signal.SIGKILL, marks=pytest.mark.docker)


@pytest.mark.parametrize(
    ("engine", "how"),
    [("process", signal.SIGKILL), ("process", signal.SIGTERM), ("process", signal.SIGINT), DOCKER],
)
async def test_tests_that_are_killed_leave_nothing(engine: str, how: signal.Signals) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.scenarios.interrupted", engine,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.fspath(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    told = (await process.stdout.readline()).decode().split()
    folder, project = Path(told[0]), told[1]
    # At least: two controllers' workers, a controller, replicas with their keepers.
    assert len(processes_of(folder)) > (3 if engine == "docker" else 8)
    process.send_signal(how)
    await process.wait()
    await eventually_async(lambda: not folder.exists(), timeout=60)
    assert not processes_of(folder)
    if engine == "docker":
        assert not containers(project)


def containers(project: str) -> str:
    command = ["docker", "ps", "--all", "--quiet", "--filter", f"name={project}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
