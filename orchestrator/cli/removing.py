"""Removing a project that has no controller: by its label, engine by engine."""

import asyncio
from collections.abc import Callable
from typing import Any

from orchestrator.cli.forgetting import forget
from orchestrator.engines.select import Kind, select
from orchestrator.model.errors import EngineUnavailableError
from orchestrator.runtime.project import Project
from orchestrator.runtime.proxy_supervisor import stop_orphans


async def remove_all(project: Project, note: Callable[[str], None]) -> dict[str, Any]:
    """Remove whatever carries the project's label on any engine, its proxy workers and its folder.

    Returns what was there: `{"project", "replicas": {"docker": 3}, "proxy_workers"}`. `note` is
    told of an engine that could not be asked. Raises `ConflictError` if a controller starts now.
    """
    known = project.folder.exists()
    project.lock()
    try:
        replicas = {}
        for kind in _KINDS:
            try:
                replicas[kind] = await _empty(kind, project)
            except EngineUnavailableError as error:
                if known and kind == "docker":
                    note(f"containers could not be looked for: {error}")
        workers = await asyncio.to_thread(stop_orphans, project.run_dir)
    except BaseException:
        project.unlock()
        if not known:
            forget(project)
        raise
    project.unlock()
    forget(project)
    return {
        "project": project.name,
        "known": known,
        "replicas": replicas,
        "proxy_workers": len(workers),
    }


_KINDS: tuple[Kind, ...] = ("docker", "process")


async def _empty(kind: Kind, project: Project) -> int:
    engine, _ = await select(kind, project.name, project.folder)
    try:
        found = len(await engine.list())
        await engine.destroy()
    finally:
        await engine.close()
    return found
