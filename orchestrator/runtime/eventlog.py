"""The event log as it grows: kept for readers who come late, pushed to those who wait."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from typing import Final

from orchestrator.model.event import Event, EventType
from orchestrator.runtime.clock import Clock
from orchestrator.runtime.store import EVENTS_KEPT, Store

# A reader slower than this many events is told so by a gap in the serials and catches up.
_QUEUE_LIMIT: Final = 10_000
_log = logging.getLogger("orchestrator.events")
# Whoever wants the log installs a handler; the terminal belongs to the command line.
_log.addHandler(logging.NullHandler())


class EventLog:
    """Records events with rising serials and hands them to subscribers. `serial`: the last one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.serial = store.last_event
        self._readers: set[asyncio.Queue[Event]] = set()

    def record(self, type_: EventType, reason: str, about: str, message: str) -> None:
        """Something happened to `about` (`service/web`, `replica/web-2`, …)."""
        self.serial += 1
        text = message
        if not message.isprintable():
            text = message.replace("\r", "\\r").replace("\n", "\\n").replace("\x1b", "\\x1b")
        event = Event(self._clock.wall(), type_, reason, about, text, self.serial)
        level = logging.INFO if type_ == "Normal" else logging.WARNING
        _log.log(level, "%s %s: %s", about, reason, text)
        self._store.remember_event(event)
        for reader in self._readers:
            if not reader.full():
                reader.put_nowait(event)

    def normal(self, reason: str, about: str, message: str) -> None:
        """An event of the ordinary course."""
        self.record("Normal", reason, about, message)

    def warning(self, reason: str, about: str, message: str) -> None:
        """An event that someone may have to look at."""
        self.record("Warning", reason, about, message)

    async def follow(self, after: int | None = None) -> AsyncGenerator[Event, None]:
        """Stored events after serial `after` (None: only new ones), then new ones, for ever."""
        queue: asyncio.Queue[Event] = asyncio.Queue(_QUEUE_LIMIT)
        self._readers.add(queue)
        try:
            last = self.serial if after is None else after
            for event in self._store.events(last, EVENTS_KEPT) if after is not None else ():
                last = event.serial
                yield event
            while True:
                event = await queue.get()
                if event.serial > last:
                    last = event.serial
                    yield event
        finally:
            self._readers.discard(queue)
