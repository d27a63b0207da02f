"""`orch up` in the foreground: the controller in this very process, until Ctrl-C."""

import asyncio
import threading
from dataclasses import asdict
from typing import Any

from orchestrator.api.server import Served, ServeOptions, serving
from orchestrator.cli.client import Client
from orchestrator.cli.forgetting import forget
from orchestrator.cli.formats import compact
from orchestrator.cli.interrupts import Interrupts
from orchestrator.cli.render.tables import event_line
from orchestrator.cli.session import Session
from orchestrator.cli.spinning import spinner
from orchestrator.cli.summary import show_summary
from orchestrator.cli.waiting import Waiter
from orchestrator.model.state import Phase
from orchestrator.model.views import EventView


async def serve(session: Session, options: ServeOptions) -> None:
    """Bring it up, tell what happens, tear it down at the end.

    Raises what the start raises, then with nothing left running that was not running before.
    """
    interrupts = Interrupts(again=lambda: session.note(_impatient(session)))
    # Where there was nothing before us, a failed start leaves nothing either.
    ends_with_us = not options.project.database.exists()
    try:
        async with serving(options) as served:
            session.note(served.engine_reason)
            ends_with_us = ends_with_us and not served.controller.adopted
            try:
                await _until_stopped(session, served, interrupts)
                ends_with_us = True
            finally:
                if ends_with_us:
                    await _tear_down(session, served)
    finally:
        if ends_with_us:
            forget(options.project)


async def _until_stopped(session: Session, served: Served, interrupts: Interrupts) -> None:
    given_up = threading.Event()
    narrator = asyncio.create_task(_narrate(session, served, given_up))
    ends = [interrupts.stop.wait(), served.shutdown.wait(), served.controller.failed()]
    try:
        await _first([narrator, *(asyncio.ensure_future(end) for end in ends)])
    finally:
        given_up.set()
        narrator.cancel()
        await asyncio.wait([narrator])


async def _first(tasks: list["asyncio.Future[Any]"]) -> None:
    """Return, or raise, as the first of them does; the others but the first are cancelled."""
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending - {tasks[0]}:
        task.cancel()
    for task in done:
        task.result()


async def _narrate(session: Session, served: Served, given_up: threading.Event) -> None:
    """Bring everything up, then tell of every event for ever."""
    serial = await _in_thread(_bring_up, session, served, given_up)
    if given_up.is_set():
        return
    async for event in served.controller.log.follow(serial):
        view = EventView(**asdict(event))
        if session.format.for_people:
            session.out.line(event_line(view, session.out.paint))
        else:
            session.out.line(compact(view.model_dump(mode="json")))


async def _in_thread(function: Any, *args: Any) -> Any:
    """As `asyncio.to_thread`, but when cancelled it still waits for the thread's end."""
    task = asyncio.ensure_future(asyncio.to_thread(function, *args))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _bring_up(session: Session, served: Served, given_up: threading.Event) -> int:
    """Wait, as a client of our own API; the serial of the last event told of."""
    client = Client(served.url)
    try:
        waiter = Waiter(session, client, after=served.controller.events_before)
        if waiter.run(None, given_up):
            show_summary(session, client)
            session.note(f"Ctrl-C stops and removes everything; elsewhere: {_down(session)}")
        return waiter.serial
    finally:
        client.close()


async def _tear_down(session: Session, served: Served) -> None:
    known = served.controller.cluster.observed.replicas.values()
    replicas = sum(replica.phase is not Phase.EXITED for replica in known)
    done = asyncio.Event()
    spinning = asyncio.create_task(spinner(session.err, f"Removing {replicas} replicas", done))
    try:
        await served.controller.destroy()
    finally:
        done.set()
        await spinning


def _impatient(session: Session) -> str:
    return (
        "still removing replicas, networks and the proxy, which lets requests in flight end."
        f" If it never ends: kill -9, then {_down(session)}"
    )


def _down(session: Session) -> str:
    return session.command("down")
