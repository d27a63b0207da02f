"""Streams of one engine: events and logs as they come, ended together when it is closed."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from orchestrator.engines.docker import events
from orchestrator.engines.docker.address import Dialer
from orchestrator.engines.docker.events import EventParser
from orchestrator.engines.docker.http_stream import HttpStream
from orchestrator.engines.docker.output import Frames, Lines
from orchestrator.engines.docker.reader import Reader
from orchestrator.model.errors import EngineError
from orchestrator.model.launch import EngineEvent

FIRST_PAUSE_S: Final = 0.1
MAX_PAUSE_S: Final = 2.0


class Streams:
    """Each has a client and a thread of its own."""

    def __init__(self, dialer: Dialer, timeout_s: float) -> None:
        self._dialer = dialer
        self._timeout_s = timeout_s
        self._open: set[Reader[bytes]] = set()
        self._closed = asyncio.Event()

    def close(self) -> None:
        """End all that are open."""
        self._closed.set()
        for reader in list(self._open):
            reader.close()

    async def events(self, project: str) -> AsyncIterator[EngineEvent]:
        """`resync` after each connect, then what happens; reconnects until closed."""
        parser = EventParser(project)
        pause_s = FIRST_PAUSE_S
        while not self._closed.is_set():
            try:
                async with self._reading("follow events", events.PATH, parser.query()) as chunks:
                    if self._closed.is_set():
                        return
                    yield EngineEvent("resync")
                    pause_s = FIRST_PAUSE_S
                    async for chunk in chunks:
                        for event in parser.feed(chunk):
                            yield event
            except (EngineError, ValueError, KeyError):
                pause_s = min(2 * pause_s, MAX_PAUSE_S)
            await self._pause(pause_s)

    async def lines(
        self, engine_id: str, *, tail: int | None, follow: bool
    ) -> AsyncIterator[tuple[str, str]]:
        """(stream, text) of a container's output. Raises `NotFoundError`, `EngineError`."""
        params = {
            "stdout": 1,
            "stderr": 1,
            "follow": int(follow),
            "tail": "all" if tail is None else tail,
        }
        frames, lines = Frames(), Lines()
        path = f"/containers/{engine_id}/logs"
        async with self._reading(f"read the logs of {engine_id[:12]}", path, params) as chunks:
            async for chunk in chunks:
                for stream, payload in frames.feed(chunk):
                    for line in lines.feed(stream, payload):
                        yield line
        for line in lines.rest():
            yield line

    @contextlib.asynccontextmanager
    async def _reading(
        self, what: str, path: str, params: Mapping[str, Any]
    ) -> AsyncIterator[Reader[bytes]]:
        reader = Reader(lambda: HttpStream(self._dialer, what, path, params, self._timeout_s))
        self._open.add(reader)
        try:
            await reader.open()
            yield reader
        finally:
            self._open.discard(reader)
            reader.close()

    async def _pause(self, pause_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._closed.wait()
