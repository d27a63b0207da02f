"""Removing a project that has no controller: by its label, engine by engine."""

from collections.abc import Callable
from typing import Final

from orchestrator.cli.forgetting import forget
from orchestrator.engines.select import Kind, select
from orchestrator.model.errors import EngineUnavailableError
from orchestrator.runtime.project import Project

_KINDS: Final[tuple[Kind, ...]] = ("docker", "process")


async def remove_all(project: Project, note: Callable[[str], None]) -> int | None:
    """Remove whatever carries the project's label on any engine, its proxy workers and its folder.

    Returns how many replicas there were, None if there was no such project at all. `note` is told
    of an engine that could not be asked. Raises `ConflictError` if a controller starts now.
    """
    known = project.folder.exists()
    project.lock()
    try:
        replicas = [await _empty(kind, project, note if known else _silent) for kind in _KINDS]
    except BaseException:
        project.unlock()
        if not known:
            forget(project)
        raise
    project.unlock()
    forget(project)
    return sum(replicas) if known or any(replicas) else None


async def _empty(kind: Kind, project: Project, note: Callable[[str], None]) -> int:
    try:
        engine, _ = await select(kind, project.name, project.folder)
    except EngineUnavailableError as error:
        note(f"{kind} cannot be asked for replicas of this project: {error}")
        return 0
    try:
        found = len(await engine.list())
        await engine.destroy()
    finally:
        await engine.close()
    return found


def _silent(_: str) -> None:
    """Of a project that never was here, nobody expects containers."""
