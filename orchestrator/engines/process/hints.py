"""Events to every listener, each with a bounded queue of its own."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from orchestrator.model.launch import EngineEvent

MAX_WAITING: Final = 4096


class Hints:
    """A slow listener loses events and is told `resync` instead: they are hints."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[EngineEvent | None]] = set()

    def tell(self, event: EngineEvent) -> None:
        """To all who listen now."""
        for queue in self._queues:
            if queue.qsize() >= MAX_WAITING:
                _empty(queue)
                event = EngineEvent("resync")
            queue.put_nowait(event)

    async def listen(self) -> AsyncIterator[EngineEvent]:
        """`resync`, then events as they come, until `close`."""
        queue: asyncio.Queue[EngineEvent | None] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield EngineEvent("resync")
            while (event := await queue.get()) is not None:
                yield event
        finally:
            self._queues.discard(queue)

    def close(self) -> None:
        """End every listener's stream."""
        for queue in self._queues:
            queue.put_nowait(None)


def _empty(queue: asyncio.Queue[EngineEvent | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
