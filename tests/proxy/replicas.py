"""Replicas with a will of their own: small servers in the test's process."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator

PATIENCE_S = 5.0


class Connection:
    """One connection that a replica got."""

    def __init__(
        self, replica: "Replica", reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.replica = replica
        self.reader = reader
        self.writer = writer

    async def head(self) -> bytes:
        """The next request head; `IncompleteReadError` when there is none."""
        data = await self.reader.readuntil(b"\r\n\r\n")
        self.replica.received += data
        self.replica.heads.append(data)
        return data

    async def body(self, head: bytes) -> bytes:
        """The body that follows `head`."""
        if b"transfer-encoding: chunked" in head.lower():
            data = await self.reader.readuntil(b"0\r\n\r\n")
        else:
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            data = await self.reader.readexactly(int(length or 0))
        self.replica.received += data
        return data

    async def send(self, data: bytes) -> None:
        """Write and wait until it may be forgotten."""
        self.writer.write(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Cut the connection."""
        self.writer.transport.abort()


Behaviour = Callable[[Connection], Awaitable[None]]


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A complete response with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def answer_with_name(connection: Connection) -> None:
    """Answer every request with the replica's name."""
    while True:
        await connection.body(await connection.head())
        await connection.send(response(connection.replica.name.encode()))


async def echo(connection: Connection) -> None:
    """Answer every request with its own bytes."""
    while True:
        head = await connection.head()
        await connection.send(response(head + await connection.body(head)))


async def hang_up_after_head(connection: Connection) -> None:
    """Take each request's head and cut the connection."""
    await connection.head()
    connection.reset()


class Replica:
    """A server on a loopback port that behaves as told; records what it got."""

    def __init__(self, name: str, behaviour: Behaviour = answer_with_name) -> None:
        self.name = name
        self.behaviour = behaviour
        self.received = bytearray()
        self.heads: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections from now on, cut the open ones."""
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def open(self) -> int:
        """Connections that are open now."""
        return len(self._tasks)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(
                ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError
            ):
                await self.behaviour(Connection(self, reader, writer))
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """A port where connection attempts get no answer: its backlog is full."""
    with contextlib.ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]
