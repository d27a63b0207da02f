"""A Unix socket that leads to the engine, with someone's hand on it."""

import asyncio
import contextlib
from pathlib import Path

from orchestrator.engines.docker.address import find


class Wire:
    """Carries bytes both ways until cut; then nobody answers until mended."""

    def __init__(self, path: Path) -> None:
        self.url = f"unix://{path}"
        self.held = asyncio.Event()
        """Set when a request is being held back."""
        self._hold = b""
        self._go = asyncio.Event()
        self._path = path
        self._server: asyncio.Server | None = None
        self._streams: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def mend(self) -> None:
        """Carry."""
        self._server = await asyncio.start_unix_server(self._carry, self._path)

    async def cut(self) -> None:
        """Close everything, and let nobody connect."""
        assert self._server is not None
        self.release()
        self._server.close()
        self._path.unlink(missing_ok=True)
        for stream in self._streams:
            stream.close()
        self._streams.clear()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hold(self, request: bytes) -> None:
        """Keep requests back that have this in them, until `release`."""
        self._hold = request

    def release(self) -> None:
        """Let them go."""
        self._go.set()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        engine = find().url.partition("://")[2]
        far_reader, far_writer = await asyncio.open_unix_connection(engine)
        self._streams += [writer, far_writer]
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pipe(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(2**16):
                if self._hold and self._hold in data:
                    self.held.set()
                    await self._go.wait()
                sink.write(data)
                await sink.drain()
        sink.close()
