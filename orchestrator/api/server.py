"""Serving one project: its controller and its API in one event loop."""

import asyncio
import contextlib
import importlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, cast

from orchestrator import __version__
from orchestrator.api.planning import change_of
from orchestrator.engines.select import Kind, select
from orchestrator.model.bodies import ManifestBody
from orchestrator.model.errors import ConflictError, OrchestratorError, PortInUseError
from orchestrator.model.timing import Timing
from orchestrator.runtime.collecting import rare_collections
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.project import Project

HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 7070
# How many ports after the default one are tried for further projects.
_PORTS_TRIED: Final = 100


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What `orch up` was told. `api_port` None: 7070 or the next free one; 0: any.
    `manifests` are applied at once, before the API answers."""

    project: Project
    timing: Timing
    engine: Kind = "auto"
    api_port: int | None = None
    proxy_workers: int = 1
    manifests: ManifestBody | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """A controller that answers at `url` until `shutdown` is set or the context ends."""

    controller: Controller
    url: str
    engine_reason: str
    shutdown: asyncio.Event


@asynccontextmanager
async def serving(options: ServeOptions) -> AsyncIterator[Served]:
    """Control the project for as long as the context lasts; then let go (replicas go on) unless
    the controller was destroyed inside.

    Raises `ConflictError` (another controller), `PortInUseError`, `EngineError`, `StateError`,
    and what applying the manifests raises.
    """
    project = options.project
    project.lock()
    try:
        listener = _listen(options.api_port)
        with contextlib.closing(listener), rare_collections():
            engine, reason = await select(_engine_kind(options), project.name, project.folder)
            controller = Controller(
                project, engine, Settings(options.timing, options.proxy_workers)
            )
            try:
                await controller.start()
                project.remember_engine(engine.name)
                await _apply_first(controller, options.manifests)
                async with _api(controller, reason, listener) as served:
                    project.announce(served.url, __version__)
                    yield served
            finally:
                await controller.close()
    finally:
        project.unlock()


async def _apply_first(controller: Controller, manifests: ManifestBody | None) -> None:
    if manifests is None:
        return
    try:
        controller.apply(await change_of(manifests))
    except OrchestratorError:
        if not controller.adopted:
            # Nothing ran before: a refused beginning leaves nothing either.
            await controller.destroy()
        raise


@asynccontextmanager
async def _api(
    controller: Controller, reason: str, listener: socket.socket
) -> AsyncIterator[Served]:
    # Loaded beside the event loop, which has the first replicas to start meanwhile.
    http = await asyncio.to_thread(importlib.import_module, "orchestrator.api.http")
    async with http.answering(controller, reason, listener) as shutdown:
        port = listener.getsockname()[1]
        yield Served(controller, f"http://{HOST}:{port}", reason, shutdown)


def _engine_kind(options: ServeOptions) -> Kind:
    """As asked for, but never another engine than the one that may still run the replicas: it
    would start all of them a second time. Nor, on its own accord, a real one after a simulated one,
    which may have had more replicas than this machine can bear. Raises `ConflictError`."""
    kind, used = options.engine, options.project.engine()
    if used not in ("docker", "process", "simulated") or kind == used:
        return kind
    if kind == "auto":
        return cast(Kind, used)
    raise ConflictError(
        f"project {options.project.name!r} runs on the {used} engine, not on {kind}",
        remedy=f"use --engine {used}, or remove what runs there first:"
        f" orch down --project {options.project.name}",
    )


def _listen(port: int | None) -> socket.socket:
    tried = range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED) if port is None else [port]
    for candidate in tried:
        # Named TCP, so that asyncio turns Nagle's algorithm off: it cost 40 ms an answer.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, candidate))
            listener.listen(128)
        except OSError:
            listener.close()
        else:
            return listener
    raise PortInUseError(
        f"port {tried[0]} on {HOST} is taken",
        remedy="choose another with --api-port, or 0 for any free one",
    )
