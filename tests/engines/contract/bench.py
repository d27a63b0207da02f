"""What contract tests work with: engines of one project, launches, and an ear for events."""

import asyncio
import contextlib
import dataclasses
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from orchestrator.engines.base import Engine
from orchestrator.engines.process import ProcessEngine
from orchestrator.model.launch import EngineEvent, EngineReplica, Launch
from orchestrator.model.state import Exit, ReplicaId
from tests.support.guardian import guardian
from tests.support.wait import eventually_async

IMAGE = "orchestrator-base:3"

SERVER = """
import http.server, json, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(dict(os.environ)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""
WAIT = "import signal; print('up', flush=True); signal.pause()"
STUBBORN = "import signal; signal.signal(15, signal.SIG_IGN); print('up', flush=True);" + (
    "\nwhile True: signal.pause()"
)


def python(code: str) -> tuple[str, ...]:
    """The command for a bit of Python."""
    return ("python3", "-c", code)


class Bench:
    """One project on one kind of engine. Engines are instances over the same project."""

    def __init__(self, kind: str, state_dir: Path) -> None:
        self.kind = kind
        self.project = f"contract-{uuid.uuid4().hex[:8]}"
        self.state_dir = state_dir
        self._engines: list[tuple[Engine, str]] = []

    async def engine(self, project: str = "") -> Engine:
        """A new instance, open; as a restarted controller has it."""
        project = project or self.project
        engine = self._make(project)
        self._engines.append((engine, project))
        guardian().watch(project, self.state_dir / project)
        await engine.open()
        return engine

    def launch(self, slot: int, command: tuple[str, ...], **fields: Any) -> Launch:
        """The launch of `app-SLOT`, first attempt unless told otherwise."""
        replica_id = ReplicaId("app", slot, fields.pop("attempt", 1))
        plain = Launch(
            id=replica_id,
            node="node-1",
            zone="a",
            revision="rev-1",
            image=IMAGE,
            command=command,
            env={"PORT": "8000", "ORCH_SERVICE": "app", "ORCH_SLOT": str(slot)},
            port=None,
            hostname=f"app-{slot}",
            workdir="/",
        )
        return dataclasses.replace(plain, **fields)

    async def clear(self) -> None:
        """Leave nothing behind."""
        projects = {self.project, *(project for _, project in self._engines)}
        for project in projects:
            cleaner = self._make(project)
            await cleaner.open()
            await cleaner.destroy()
            await cleaner.close()
            guardian().unwatch(project)
        for engine, _ in self._engines:
            await engine.close()

    def _make(self, project: str) -> Engine:
        if self.kind == "docker":
            from orchestrator.engines.docker import DockerEngine

            return DockerEngine(project)
        return ProcessEngine(project, self.state_dir / project, use_cgroups=self.kind == "process")


class Ear:
    """All events since it listens."""

    def __init__(self) -> None:
        self.heard: list[EngineEvent] = []

    async def kinds(self, replica_id: ReplicaId, last: str) -> list[str]:
        """The kinds of events of one replica, once `last` is among them."""
        await eventually_async(
            lambda: self._of(replica_id, last), what=f"{last} of {replica_id}: {self.heard}"
        )
        return [event.kind for event in self.heard if event.id == replica_id]

    async def exit(self, replica_id: ReplicaId) -> Exit:
        """How a replica ended, as its event says."""
        await self.kinds(replica_id, "exited")
        found = self._of(replica_id, "exited")[0].exit
        assert found is not None
        return found

    def _of(self, replica_id: ReplicaId, kind: str) -> list[EngineEvent]:
        return [event for event in self.heard if event.id == replica_id and event.kind == kind]


@contextlib.asynccontextmanager
async def listening(engine: Engine) -> AsyncIterator[Ear]:
    """An ear that has heard the first `resync`: nothing after that escapes it."""
    ear = Ear()

    async def listen() -> None:
        async for event in engine.events():
            ear.heard.append(event)

    task = asyncio.create_task(listen())
    try:
        await eventually_async(lambda: ear.heard and ear.heard[0].kind == "resync")
        yield ear
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def texts(engine: Engine, replica: EngineReplica, **how: Any) -> list[str]:
    """What a replica has said."""
    return [line.text async for line in engine.logs(replica, **how)]


async def said(engine: Engine, replica: EngineReplica, text: str) -> None:
    """Wait until a replica has said that."""

    async def heard() -> bool:
        return text in await texts(engine, replica)

    await eventually_async(heard, what=f"{replica.id} says {text!r}")


async def find(engine: Engine, replica_id: ReplicaId) -> EngineReplica | None:
    """What the list says of a replica."""
    return next((one for one in await engine.list() if one.id == replica_id), None)


async def ended(engine: Engine, replica_id: ReplicaId) -> EngineReplica:
    """What the list says of a replica once it runs no more."""

    async def look() -> EngineReplica | None:
        found = await find(engine, replica_id)
        return found if found is not None and not found.running else None

    return await eventually_async(look, what=f"{replica_id} ends")
