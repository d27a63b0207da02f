"""Faults 29 and 38: what may have taken effect is sent once, what surely has not is not lost.

Counted are the requests that reached a replica, whichever it was.
"""

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from collections.abc import AsyncIterator
from functools import partial

import pytest

from orchestrator.model.snapshot import Outliers
from tests.proxy.conftest import Proxy, sockets
from tests.proxy.replicas import Behaviour, Connection, Replica, response
from tests.proxy.tcp_support import NO_LINGER, reset
from tests.support.wait import eventually_async

LENGTH = b"POST /order HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
CHUNKS = b"POST /order HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
BODIES = {"length": (LENGTH, b"hello"), "chunked": (CHUNKS, b"5\r\nhello\r\n0\r\n\r\n")}
NEVER = Outliers(consecutive_failures=0)
CROWD = 30


async def after_the_head(connection: Connection) -> None:
    await connection.head()
    reset(connection.writer)


async def after_the_body(connection: Connection) -> None:
    await connection.body(await connection.head())
    reset(connection.writer)


async def within_its_answer(connection: Connection) -> None:
    await connection.body(await connection.head())
    await connection.send(b"HTTP/1.1 201 Created\r\nContent-Le")
    reset(connection.writer)


def received(proxy: Proxy) -> int:
    """Requests that reached a replica."""
    return sum(len(replica.heads) for replica in proxy.replicas)


def reached(proxy: Proxy, count: int) -> bool:
    return received(proxy) == count


@pytest.mark.parametrize("moment", [after_the_head, after_the_body, within_its_answer])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("apart", [False, True], ids=["at once", "body later"])
async def test_a_post_that_was_sent_is_never_sent_again(
    proxy: Proxy, moment: Behaviour, body: tuple[bytes, bytes], apart: bool
) -> None:
    for name in ("web-1", "web-2"):
        await proxy.replica(name, moment)
    await proxy.route(outliers=NEVER)
    for sent in range(1, 4):
        async with await proxy.client() as client:
            head, content = body
            await client.send(head if apart else head + content)
            if apart:
                await eventually_async(partial(reached, proxy, sent))
                await client.send(content)
            assert (await client.response()).status == 502
        assert received(proxy) == sent


class Unread(Replica):
    """Resets each connection with the request on it, not a byte of it read."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Accept, until the end of the block."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            listening.setblocking(False)
            self.port = listening.getsockname()[1]
            task = asyncio.create_task(self._accept(listening))
            yield
            task.cancel()
            await asyncio.wait([task])

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            sock, _ = await loop.sock_accept(listening)
            with sock:
                await eventually_async(partial(unread_bytes, sock))
                self.connections += 1
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)


def unread_bytes(sock: socket.socket) -> int:
    (count,) = struct.unpack("i", fcntl.ioctl(sock, termios.FIONREAD, bytes(4)))
    return int(count)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_post_that_nobody_read_is_not_known_to_be_unread(
    proxy: Proxy, body: tuple[bytes, bytes]
) -> None:
    resetting = Unread("web-1")
    async with resetting.running():
        await proxy.route(resetting, outliers=NEVER)
        other = await proxy.replica("web-2")
        await proxy.route(resetting, other, outliers=NEVER)
        async with await proxy.client() as client:
            await client.send(b"".join(body))
            assert (await client.response()).status == 502
        assert (resetting.connections, other.heads) == (1, [])


class Keeping:
    """Answers each connection's first request; what it does then, it does on all of them."""

    def __init__(self) -> None:
        self.all_asked = asyncio.Event()
        self.close = asyncio.Event()
        self.asked = 0

    async def answer(self, connection: Connection) -> None:
        """The first request, once all the others are there: so each has its connection."""
        await connection.body(await connection.head())
        self.asked += 1
        if self.asked == CROWD:
            self.all_asked.set()
        await self.all_asked.wait()
        await connection.send(response(b"once"))

    def next_crowd(self) -> None:
        """Its requests wait for each other too."""
        self.asked = 0
        self.all_asked.clear()

    async def close_later(self, connection: Connection) -> None:
        """Close the idle connection when told to; answer the requests of later ones."""
        late = self.close.is_set()
        await self.answer(connection)
        if not late:
            await self.close.wait()
            return
        await connection.head()

    async def reset_at_next(self, connection: Connection) -> None:
        """Reset the connection at its second request."""
        await self.answer(connection)
        await connection.head()
        reset(connection.writer)


async def crowd_of(proxy: Proxy, method: str) -> list[int]:
    """The statuses of so many requests at a time."""

    async def one() -> int:
        async with await proxy.client() as client:
            return (await client.post(b"hello", method=method)).status

    return list(await asyncio.gather(*(one() for _ in range(CROWD))))


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_connections_closed_while_idle_cost_nobody_anything(
    proxy: Proxy, method: str
) -> None:
    """Also a POST: the end was seen before a byte of it was sent."""
    keeping = Keeping()
    replica = await proxy.serve(keeping.close_later)
    before = sockets(proxy)
    assert set(await crowd_of(proxy, method)) == {200}
    await eventually_async(lambda: sockets(proxy) == before + CROWD, what="clients are gone")
    keeping.close.set()
    # Before they have been idle for so long that the proxy closes them by itself.
    await eventually_async(lambda: sockets(proxy) == before, 3, "the proxy has seen it")
    keeping.next_crowd()
    assert set(await crowd_of(proxy, method)) == {200}
    assert len(replica.heads) == 2 * CROWD


async def test_requests_that_cross_a_reset_are_sent_once_more(proxy: Proxy) -> None:
    replica = await proxy.serve(Keeping().reset_at_next)
    assert set(await crowd_of(proxy, "GET")) == {200}
    assert set(await crowd_of(proxy, "GET")) == {200}
    assert len(replica.heads) == 3 * CROWD


async def test_posts_that_cross_a_reset_are_not(proxy: Proxy) -> None:
    replica = await proxy.serve(Keeping().reset_at_next, outliers=NEVER)
    assert set(await crowd_of(proxy, "POST")) == {200}
    assert set(await crowd_of(proxy, "POST")) == {502}
    assert len(replica.heads) == 2 * CROWD
