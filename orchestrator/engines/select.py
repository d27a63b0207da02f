"""Which engine runs the replicas: Docker where one answers, else processes of this machine; only
where it is asked for, none at all: a simulation."""

from pathlib import Path
from typing import Literal

from orchestrator.engines.base import Engine
from orchestrator.model.errors import EngineTimeoutError, EngineUnavailableError

Kind = Literal["auto", "docker", "process", "simulated"]


async def select(kind: Kind, project: str, state_dir: Path) -> tuple[Engine, str]:
    """The engine, not yet opened, and one line that says which and why.

    Raises `EngineUnavailableError` when Docker was asked for and does not answer.
    """
    if kind == "process":
        return _process(project, state_dir), "engine: process (as asked for)"
    if kind == "simulated":
        return _simulated(), "engine: simulated (replicas in memory, until this controller ends)"
    try:
        return await _docker(project)
    except EngineUnavailableError as error:
        if kind == "docker":
            raise
        return _process(project, state_dir), f"engine: process ({error}; see orch doctor)"


def _process(project: str, state_dir: Path) -> Engine:
    from orchestrator.engines.process import ProcessEngine

    return ProcessEngine(project, state_dir)


def _simulated() -> Engine:
    from orchestrator.engines.simulated import PLAYFUL, SimulatedEngine, World

    return SimulatedEngine(World(PLAYFUL))


async def _docker(project: str) -> tuple[Engine, str]:
    from orchestrator.engines.docker import DockerEngine, probe

    try:
        found = await probe()
    except EngineTimeoutError as error:
        raise EngineUnavailableError(str(error), remedy=error.remedy) from error
    return DockerEngine(project), f"engine: docker {found.version} (answers at {found.address})"
