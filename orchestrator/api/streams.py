"""Endless answers: events as server-sent events, logs as lines of JSON."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from orchestrator.engines.base import Engine
from orchestrator.model.errors import EngineError
from orchestrator.model.launch import EngineReplica, LogLine
from orchestrator.model.state import Phase, Replica
from orchestrator.model.views import LogView
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.queries import event_view

HEARTBEAT_S = 15.0


async def event_stream(log: EventLog, after: int | None) -> AsyncIterator[str]:
    """Server-sent events, with a comment now and then so that a dead peer is noticed."""
    events = log.follow(after)
    pending: asyncio.Future[object] | None = None
    try:
        while True:
            pending = pending or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait([pending], timeout=HEARTBEAT_S)
            if not done:
                yield ": still here\n\n"
                continue
            event, pending = pending.result(), None
            view = event_view(event)  # type: ignore[arg-type]
            yield f"id: {view.serial}\ndata: {view.model_dump_json()}\n\n"
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.wait([pending])
        await events.aclose()  # type: ignore[attr-defined]


async def log_stream(
    engine: Engine, replicas: Sequence[Replica], tail: int | None, follow: bool
) -> AsyncIterator[str]:
    """One JSON object a line, of all replicas as they come."""
    queue: asyncio.Queue[LogLine | None] = asyncio.Queue(1000)
    readers = [
        asyncio.create_task(_read(engine, replica, tail, follow, queue)) for replica in replicas
    ]
    try:
        left = len(readers)
        while left:
            line = await queue.get()
            if line is None:
                left -= 1
                continue
            view = LogView(
                replica=line.replica.name,
                attempt=line.replica.attempt,
                stream=line.stream,
                text=line.text,
            )
            yield view.model_dump_json() + "\n"
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _read(
    engine: Engine,
    replica: Replica,
    tail: int | None,
    follow: bool,
    queue: asyncio.Queue[LogLine | None],
) -> None:
    seen = EngineReplica(
        id=replica.id,
        engine_id=replica.engine_id or "",
        node=replica.node,
        revision=replica.revision,
        running=replica.phase is not Phase.EXITED,
    )
    try:
        if replica.engine_id is not None:
            async for line in engine.logs(seen, tail=tail, follow=follow):
                await queue.put(line)
    except EngineError as error:
        await queue.put(LogLine(replica.id, f"(no more output: {error})", "stderr"))
    finally:
        await queue.put(None)
