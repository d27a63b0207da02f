"""Removing a project that has no controller: by its label, engine by engine."""

from typing import Final

from orchestrator.cli.forgetting import forget
from orchestrator.engines.select import Kind, select
from orchestrator.model.errors import EngineUnavailableError
from orchestrator.runtime.project import Project

_KINDS: Final[tuple[Kind, ...]] = ("docker", "process")


async def remove_all(project: Project) -> int | None:
    """Remove whatever carries the project's label on any engine, its proxy workers and its folder.

    Returns how many replicas there were, None if there was no such project at all. Raises
    `EngineUnavailableError` if the engine that it ran on cannot be asked; then it is remembered.
    Raises `ConflictError` if a controller starts now.
    """
    known = project.folder.exists()
    project.lock()
    try:
        replicas = [await _empty(kind, project) for kind in _KINDS]
    except BaseException:
        project.unlock()
        if not known:
            forget(project)
        raise
    project.unlock()
    forget(project)
    return sum(replicas) if known or any(replicas) else None


async def _empty(kind: Kind, project: Project) -> int:
    try:
        engine, _ = await select(kind, project.name, project.folder)
    except EngineUnavailableError as error:
        if project.engine() != kind:
            return 0
        raise EngineUnavailableError(
            f"replicas of project {project.name!r} may still run on {kind}: {error}",
            remedy=f"start {kind}, then once more: orch down --project {project.name}",
        ) from error
    try:
        found = len(await engine.list())
        await engine.destroy()
    finally:
        await engine.close()
    return found
