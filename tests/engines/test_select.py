"""Which engine is chosen, and what is said about it."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.engines.select import select
from orchestrator.model.errors import EngineUnavailableError

ALONE = """
import asyncio, pathlib, sys
from orchestrator.engines.select import select
from orchestrator.model.errors import EngineUnavailableError
try:
    engine, line = asyncio.run(select(sys.argv[1], "any", pathlib.Path(sys.argv[2])))
    print(engine.name, "|", line, "|", "docker" in sys.modules)
except EngineUnavailableError as error:
    print("EngineUnavailableError |", error, "|", error.remedy)
"""


@pytest.fixture
def no_engine(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An address where nothing is."""
    address = f"unix://{state_dir}/none.sock"
    monkeypatch.setenv("DOCKER_HOST", address)
    return address


@pytest.fixture
def deaf_engine(state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An address that takes calls and never answers."""
    address = f"unix://{state_dir}/deaf.sock"
    monkeypatch.setenv("DOCKER_HOST", address)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(f"{state_dir}/deaf.sock")
        server.listen()
        yield address


async def test_auto_takes_processes_where_no_docker_answers(
    no_engine: str, state_dir: Path
) -> None:
    engine, line = await select("auto", "any", state_dir)
    assert engine.name == "process"
    assert line.startswith("engine: process (no Docker engine answers at ")
    assert no_engine in line
    assert line.endswith("; see orch doctor)")


async def test_docker_asked_for_and_not_there_is_refused(no_engine: str, state_dir: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="no Docker engine answers") as caught:
        await select("docker", "any", state_dir)
    assert "--engine process" in caught.value.remedy


def test_an_engine_that_hangs_does_not_answer(deaf_engine: str, state_dir: Path) -> None:
    assert alone("auto", state_dir).startswith("process | engine: process (the Docker engine at ")
    assert deaf_engine in alone("auto", state_dir)
    assert alone("docker", state_dir).startswith("EngineUnavailableError | ")


def test_a_simulation_is_only_taken_where_it_is_asked_for(state_dir: Path) -> None:
    said = alone("simulated", state_dir)
    assert said.startswith("simulated | engine: simulated (replicas in memory")
    assert said.endswith("| False\n")
    assert list(state_dir.iterdir()) == []


def test_processes_need_nothing_of_docker(state_dir: Path) -> None:
    assert alone("process", state_dir) == "process | engine: process (as asked for) | False\n"
    assert list(state_dir.iterdir()) == []


def alone(kind: str, state_dir: Path) -> str:
    """What a fresh interpreter chooses: engine, line, and whether it has loaded docker-py."""
    command = [sys.executable, "-c", ALONE, kind, str(state_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.docker
@pytest.mark.parametrize("kind", ["auto", "docker"])
async def test_docker_is_taken_where_it_answers(kind: str, state_dir: Path) -> None:
    engine, line = await select(kind, "any", state_dir)  # type: ignore[arg-type]
    assert engine.name == "docker"
    assert line.startswith("engine: docker ")
    assert "(answers at " in line
    await engine.close()
