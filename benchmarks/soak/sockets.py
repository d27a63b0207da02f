"""A few WebSockets: each sends messages and gets them back, in order and as they were."""

import asyncio
import random
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final

from benchmarks.websocket import handshake, message, messages

SOCKETS: Final = 4
MESSAGES: Final = 30
PAUSE_S: Final = 0.1
TIMEOUT_S: Final = 10.0
LARGEST: Final = 4_000


@dataclass(slots=True)
class Counts:
    """What became of them."""

    sessions: int = 0
    messages: int = 0
    cut: int = 0
    """Sessions that ended before their time, or could not begin, as replicas do end."""
    wrong: list[str] = field(default_factory=list)


class Sockets:
    """`async with Sockets(port, rng) as sockets:` keeps `SOCKETS` of them talking."""

    def __init__(self, port: int, rng: random.Random) -> None:
        self.counts = Counts()
        self._port, self._rng = port, rng
        self._talking: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Sockets":
        self._talking = [asyncio.create_task(self._talk()) for _ in range(SOCKETS)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    async def _talk(self) -> None:
        while True:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    await self._session()
            except (OSError, EOFError, ValueError, TimeoutError):
                self.counts.cut += 1
                await asyncio.sleep(PAUSE_S)

    async def _session(self) -> None:
        self.counts.sessions += 1
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(handshake())
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 101 "):
                raise ConnectionError(head.decode("latin-1"))
            for _ in range(MESSAGES):
                await self._echo(reader, writer)
                await asyncio.sleep(PAUSE_S)
        finally:
            writer.transport.abort()

    async def _echo(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        payload = self._rng.randbytes(self._rng.randint(1, LARGEST))
        writer.write(message(payload))
        found: list[bytes] = []
        rest = b""
        while not found:
            data = await reader.read(2**16)
            if not data:
                raise EOFError
            found, rest = messages(rest + data)
        if found != [payload] or rest:
            self.counts.wrong.append(f"sent {len(payload)} bytes, got {[*map(len, found)]}")
        self.counts.messages += 1
