"""A steady stream of requests, open loop: each is due at its own time, whatever became of those
before it. Keep-alive connections, as many as are needed. Raw asyncio, so that the client costs
little beside what it measures."""

import asyncio
import json
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import httptools

from benchmarks.http import REPLICA_HEADER

TIMEOUT_S: Final = 10.0
REQUEST: Final = b"GET / HTTP/1.1\r\nHost: bench\r\nAccept: application/json\r\n\r\n"
_HEADER: Final = REPLICA_HEADER.lower().encode()


@dataclass(slots=True)
class Answer:
    """What became of one request. Times are `time.perf_counter()`; status 0: no answer."""

    due: float
    sent: float = 0.0
    done: float = 0.0
    status: int = 0
    replica: str = ""
    attempt: int = 0
    error: str = ""

    @property
    def failed(self) -> bool:
        """Anything but a 200."""
        return self.status != 200

    @property
    def latency_s(self) -> float:
        """From when it was due, so that a stalled client hides nothing."""
        return self.done - self.due


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self) -> None:
        self.closed = False
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._begin()

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self.replica = ""
        self._body = bytearray()

    async def request(self, answer: Answer) -> None:
        """Send one and note the answer. Raises `OSError` when the connection breaks."""
        assert self._transport is not None
        self._begin()
        self._waiting = asyncio.get_running_loop().create_future()
        answer.sent = time.perf_counter()
        self._transport.write(REQUEST)
        await self._waiting
        answer.done = time.perf_counter()
        answer.replica = self.replica
        answer.status = self._parser.get_status_code()
        if answer.failed:
            answer.error = f"status {answer.status}, {bytes(self._body[:200])!r}"
        else:
            answer.attempt = json.loads(self._body)["attempt"] or 0

    def close(self) -> None:
        """Let go of the socket."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of `asyncio.Protocol`."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Of `asyncio.Protocol`."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(ConnectionError(f"not HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Of `asyncio.Protocol`."""
        self.closed = True
        self._fail(ConnectionError(f"closed by the server: {exc}"))

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of `httptools`."""
        if name.lower() == _HEADER:
            self.replica = value.decode()

    def on_body(self, body: bytes) -> None:
        """Of `httptools`."""
        self._body += body

    def on_message_complete(self) -> None:
        """Of `httptools`."""
        self.closed = self.closed or not self._parser.should_keep_alive()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def _fail(self, error: ConnectionError) -> None:
        self.closed = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)


class Load:
    """`async with Load(host, port, rate) as load:` sends until the block ends.

    `answers` holds one entry for each request that is finished, in the order of their ends."""

    def __init__(self, host: str, port: int, rate: float) -> None:
        self.answers: list[Answer] = []
        self._host, self._port, self._pause_s = host, port, 1 / rate
        self._idle: list[Connection] = []
        self._open: set[asyncio.Task[None]] = set()
        self._sending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Load":
        self._sending = asyncio.create_task(self._send())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        assert self._sending is not None
        self._sending.cancel()
        await asyncio.gather(self._sending, return_exceptions=True)
        await asyncio.gather(*self._open, return_exceptions=True)
        for connection in self._idle:
            connection.close()

    async def _send(self) -> None:
        due = time.perf_counter()
        while True:
            task = asyncio.create_task(self._one(Answer(due)))
            self._open.add(task)
            task.add_done_callback(self._open.discard)
            due += self._pause_s
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    async def _one(self, answer: Answer) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._ask(await self._connection(), answer)
        except (OSError, TimeoutError) as error:
            answer.done = time.perf_counter()
            answer.error = repr(error)
        self.answers.append(answer)

    async def _ask(self, connection: Connection, answer: Answer) -> None:
        try:
            await connection.request(answer)
        except BaseException:
            connection.close()
            raise
        if connection.closed:
            connection.close()
        else:
            self._idle.append(connection)

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, self._host, self._port)
        return connection
