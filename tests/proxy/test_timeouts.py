"""Clients that take their time. The data plane runs in the test's own loop, with short limits."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from orchestrator.model.snapshot import Listener, Snapshot
from orchestrator.proxy import backend, client, lingering
from orchestrator.proxy.plane import DataPlane
from orchestrator.runtime.proxy_supervisor import open_listener
from tests.proxy.conftest import Proxy, endpoint
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Connection, Replica, deaf_port, echo, response
from tests.support.ports import free_port
from tests.support.wait import eventually_async

LIMIT_S = 0.2
Served = client.ClientConnection
Read = Callable[[], Awaitable[int]]
"""Reads on to the end: how many bytes there were in all."""


@pytest.fixture
async def replica() -> AsyncIterator[Replica]:
    running = Replica("web-1", echo)
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def plane(replica: Replica, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DataPlane]:
    """A data plane with short limits."""
    monkeypatch.setattr(client, "HEAD_TIMEOUT_S", LIMIT_S)
    monkeypatch.setattr(lingering, "LINGER_S", LIMIT_S)
    monkeypatch.setattr(backend, "IDLE_TIMEOUT_S", LIMIT_S)
    listener = Listener("web", "127.0.0.1", free_port(), (endpoint(replica),))
    plane = DataPlane(lambda message: None)
    plane.add_socket(listener.address, open_listener(listener))
    plane.apply(Snapshot(1, (listener,)))
    yield plane
    await plane.drain(1.0)
    plane.apply(Snapshot(2))


@pytest.fixture
def port(plane: DataPlane) -> int:
    """Where it listens."""
    ((_, port),) = plane.sockets
    return port


async def test_a_head_that_never_ends_is_a_408(port: int) -> None:
    async with await RawClient.connect(port) as slow:
        await slow.send(b"GET / HTTP/1.1\r\nHost: a\r\n")
        await slow.send(b"X: ")
        answer = await slow.response()
        assert (answer.status, answer.header("connection")) == (408, "close")
        assert await slow.rest() == b""


async def test_an_idle_client_is_let_go(proxy: Proxy) -> None:
    await proxy.serve(echo, idle_timeout_s=LIMIT_S)
    async with await proxy.client() as silent, await proxy.client() as other:
        assert (await other.get()).status == 200
        assert await silent.rest() == b""
        assert await other.rest() == b""


async def test_idle_connections_to_a_replica_are_closed(port: int, replica: Replica) -> None:
    async with await RawClient.connect(port) as one:
        assert (await one.get()).status == 200
        await eventually_async(lambda: replica.open == 0)
        assert (await one.get()).status == 200
    assert replica.connections == 2


async def test_a_client_that_does_not_close_is_cut_off(port: int) -> None:
    async with await RawClient.connect(port) as deaf:
        await deaf.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await deaf.response()).status == 200
        assert await deaf.rest() == b""

        async def is_cut_off() -> bool:
            deaf.writer.write(b"x")
            return deaf.writer.transport.is_closing()

        await eventually_async(is_cut_off)


async def endless(connection: Connection) -> None:
    """Answer, and go on as fast as it is read."""
    await connection.head()
    await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not connection.writer.is_closing():
        await connection.send(b"1\r\nx\r\n" * 1000)


async def test_a_request_has_a_time_in_all(proxy: Proxy) -> None:
    async def silent(connection: Connection) -> None:
        await connection.head()
        await connection.reader.read()

    replica = await proxy.serve(silent, request_timeout_s=LIMIT_S)
    async with await proxy.client() as client:
        answer = await client.get()
        assert (answer.status, answer.header("retry-after")) == (504, None)
        assert answer.header("proxy-status") == "orch; error=http_response_timeout"
        assert b"in the time a request may take" in answer.body
        replica.behaviour = answer_late
        assert (await client.get()).status == 200


async def answer_late(connection: Connection) -> None:
    """Answer one request."""
    await connection.head()
    await connection.send(response(b"late"))


async def test_a_response_that_goes_on_too_long_is_cut(proxy: Proxy) -> None:
    replica = await proxy.serve(endless, request_timeout_s=LIMIT_S)
    async with await proxy.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.head()).status == 200
        await client.rest()
    await eventually_async(lambda: replica.open == 0)


async def test_the_time_of_a_request_includes_connecting(proxy: Proxy) -> None:
    deaf = Replica("web-1")
    with deaf_port() as deaf.port:
        await proxy.route(deaf, request_timeout_s=LIMIT_S, connect_timeout_s=60.0)
        async with await proxy.client() as client:
            assert (await client.get()).status == 504


SIZE = 2**20


async def generous(connection: Connection) -> None:
    await connection.head()
    await connection.send(response(bytes(SIZE)))


@contextlib.asynccontextmanager
async def reading_slowly(plane: DataPlane, port: int) -> AsyncIterator[tuple[Served, Read]]:
    """A last response that is all written, while its client has yet to take in some of it."""
    loop = asyncio.get_running_loop()
    for listening in plane.sockets.values():  # Connections inherit it: the system takes in little.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", port))
        # With bytes behind it, so that the connection lingers in any case.
        last = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nmore"
        await loop.sock_sendall(sock, last)
        got = len(await loop.sock_recv(sock, 1 << 12))
        (frontend,) = plane.frontends.values()
        (served,) = frontend.clients
        assert isinstance(served, client.ClientConnection)
        while served._linger is None:
            got += len(await loop.sock_recv(sock, 1 << 12))

        async def rest() -> int:
            left = 0
            while piece := await loop.sock_recv(sock, 1 << 18):
                left += len(piece)
            return got + left

        yield served, rest


async def test_a_slow_client_gets_all_of_its_last_response(
    plane: DataPlane, port: int, replica: Replica
) -> None:
    replica.behaviour = generous
    async with reading_slowly(plane, port) as (served, rest):
        await eventually_async(lambda: served._linger is not None and served._linger.unsent)
        assert await rest() > SIZE


async def test_a_client_that_takes_nothing_is_given_up(
    plane: DataPlane, port: int, replica: Replica, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "SEND_TIMEOUT_S", LIMIT_S)
    replica.behaviour = generous
    async with reading_slowly(plane, port) as (served, rest):
        await eventually_async(served.transport.is_closing)
        with pytest.raises(ConnectionResetError):  # An end would be that of the response.
            await rest()


async def test_a_client_that_announced_its_last_request_is_let_go_at_once(
    plane: DataPlane, port: int
) -> None:
    """No need to wait for its end: nothing more can come that would destroy the response."""
    async with await RawClient.connect(port) as leaving:
        await leaving.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert (await leaving.response()).status == 200
        assert await leaving.rest() == b""
        (frontend,) = plane.frontends.values()
        await eventually_async(lambda: not frontend.clients)


async def test_a_client_that_does_not_send_on_is_not_the_replicas_fault(proxy: Proxy) -> None:
    replica = await proxy.serve(echo, response_timeout_s=LIMIT_S)
    async with await proxy.client() as silent:
        await silent.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf")
        answer = await silent.response()
        assert (answer.status, answer.header("connection")) == (408, "close")
    stats = await proxy.supervisor.stats()
    assert stats["endpoints"][f"{replica.name}.1"]["timeouts"] == 0


async def test_a_client_that_does_not_read_on_is_not_the_replicas_fault(proxy: Proxy) -> None:
    replica = await proxy.serve(generous_without_end, response_timeout_s=LIMIT_S)
    async with await proxy.client() as deaf:
        await deaf.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually_async(lambda: replica.connections and not replica.open)
    stats = await proxy.supervisor.stats()
    assert stats["endpoints"][f"{replica.name}.1"]["timeouts"] == 0


async def generous_without_end(connection: Connection) -> None:
    await connection.head()
    await connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await connection.send(bytes(1 << 16))
