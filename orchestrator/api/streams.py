"""Endless answers: events as server-sent events, logs as lines of JSON.

They end when the API does: whatever answer is not over a second later is cut, with an error.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from orchestrator.engines.base import Engine
from orchestrator.model.errors import EngineError
from orchestrator.model.launch import EngineReplica, LogLine
from orchestrator.model.state import Phase, Replica
from orchestrator.model.views import LogView
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.queries import event_view

HEARTBEAT_S = 15.0


async def event_stream(
    log: EventLog, after: int | None, closing: asyncio.Event
) -> AsyncIterator[str]:
    """Server-sent events until `closing`, with a comment now and then so that a dead peer is
    noticed."""
    events = log.follow(after)
    closed: asyncio.Future[Any] = asyncio.ensure_future(closing.wait())
    pending: asyncio.Future[Any] | None = None
    try:
        while not closed.done():
            pending = pending or asyncio.ensure_future(anext(events))
            await asyncio.wait(
                [pending, closed], timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED
            )
            if pending.done():
                view, pending = event_view(pending.result()), None
                yield f"id: {view.serial}\ndata: {view.model_dump_json()}\n\n"
            elif not closed.done():
                yield ": still here\n\n"
    finally:
        closed.cancel()
        if pending is not None:
            pending.cancel()
            await asyncio.wait([pending])
        await events.aclose()


async def log_stream(
    engine: Engine,
    replicas: Sequence[Replica],
    tail: int | None,
    follow: bool,
    closing: asyncio.Event,
) -> AsyncIterator[str]:
    """One JSON object a line, of all replicas as they come, until `closing`."""
    queue: asyncio.Queue[LogLine | None] = asyncio.Queue(1000)
    readers = [
        asyncio.create_task(_read(engine, replica, tail, follow, queue)) for replica in replicas
    ]
    ending = asyncio.create_task(_end(readers, closing))
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
        for task in (ending, *readers):
            task.cancel()
        await asyncio.gather(ending, *readers, return_exceptions=True)


async def _end(readers: Sequence[asyncio.Task[None]], closing: asyncio.Event) -> None:
    await closing.wait()
    for reader in readers:
        reader.cancel()


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
