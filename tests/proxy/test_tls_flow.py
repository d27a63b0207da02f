"""Bytes over TLS: large bodies both ways, tunnels, pipelines, and every way to end."""

import asyncio
import functools
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchmarks.proxy_cpu import rss_bytes
from orchestrator.model.snapshot import Snapshot
from orchestrator.proxy import tls
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Behaviour, Connection, Replica, answer_with_name, echo, response
from tests.proxy.tcp_support import plane_before, reset
from tests.proxy.test_streaming import (
    BLOCK,
    MEMORY_BOUND,
    TOTAL,
    digest_of_all,
    rest_of,
    stall_of,
)
from tests.proxy.test_upgrade import UPGRADE, shout
from tests.proxy.tls_support import Secured
from tests.support.wait import eventually_async

PATIENCE_S = 20


async def behind_tls(proxy: Proxy, behaviour: Behaviour, **options: Any) -> Secured:
    """One replica, and what its clients need."""
    secured = Secured.before(proxy)
    await proxy.serve(behaviour, certificate=secured.certificate(), **options)
    return secured


@asynccontextmanager
async def strict_client(secured: Secured) -> AsyncIterator[ssl.SSLSocket]:
    """A blocking client, for threads; it tells an end without a good-bye from one with."""
    sock = socket.create_connection(("127.0.0.1", secured.proxy.port), timeout=5)
    wrap = functools.partial(secured.context().wrap_socket, suppress_ragged_eofs=False)
    with sock, await asyncio.to_thread(wrap, sock, server_hostname="localhost") as client:
        yield client


def all_of(client: ssl.SSLSocket) -> bytes:
    """Until the good-bye. Raises `ssl.SSLEOFError` if the end comes without one."""
    data = b""
    while piece := client.recv(1 << 16):
        data += piece
    return data


async def digest_of(reader: asyncio.StreamReader) -> str:
    total, left = hashlib.sha256(), TOTAL
    while left:
        data = await reader.read(min(left, 1 << 18))
        assert data
        total.update(data)
        left -= len(data)
    return total.hexdigest()


async def test_a_slow_client_holds_back_the_replica(proxy: Proxy) -> None:
    stalled = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        sent = [0]
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % TOTAL)
        await stall_of(connection.writer, sent)
        stalled.set()
        await rest_of(connection.writer, sent)

    secured = await behind_tls(proxy, behaviour)
    async with secured.client() as client, asyncio.timeout(PATIENCE_S):
        before = rss_bytes(proxy.supervisor.pids[0])
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await stalled.wait()
        assert rss_bytes(proxy.supervisor.pids[0]) - before < MEMORY_BOUND
        client.writer.transport.resume_reading()  # type: ignore[attr-defined]
        await client.head()
        assert await digest_of(client.reader) == digest_of_all()


async def test_a_slow_replica_holds_back_the_client(proxy: Proxy) -> None:
    go_on = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await go_on.wait()
        await connection.send(response((await digest_of(connection.reader)).encode()))

    secured = await behind_tls(proxy, behaviour)
    async with secured.client() as client, asyncio.timeout(PATIENCE_S):
        before = rss_bytes(proxy.supervisor.pids[0])
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % TOTAL)
        sent = [0]
        await stall_of(client.writer, sent)
        assert rss_bytes(proxy.supervisor.pids[0]) - before < MEMORY_BOUND
        go_on.set()
        await rest_of(client.writer, sent)
        assert (await client.response()).body.decode() == digest_of_all()


async def test_a_tunnel_passes_bytes_both_ways(proxy: Proxy) -> None:
    secured = await behind_tls(proxy, shout)
    async with secured.client() as client, asyncio.timeout(PATIENCE_S):
        await client.send(UPGRADE + b"early ")
        assert (await client.head()).status == 101
        assert await client.reader.readexactly(12) == b"hello EARLY "
        await client.send(b"x" * 1_000_000)
        assert await client.reader.readexactly(1_000_000) == b"X" * 1_000_000
    await eventually_async(lambda: not proxy.replicas[0].open)


async def test_the_end_of_a_tunnel_is_a_good_bye(proxy: Proxy) -> None:
    async def shout_once(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n")
        await connection.send(b"Upgrade: websocket\r\n\r\nbye")

    secured = await behind_tls(proxy, shout_once)
    async with strict_client(secured) as client:
        await asyncio.to_thread(client.sendall, UPGRADE)
        assert (await asyncio.to_thread(all_of, client)).endswith(b"\r\n\r\nbye")


async def test_pipelined_requests_are_answered_in_order(proxy: Proxy) -> None:
    secured = await behind_tls(proxy, echo)
    async with secured.client() as client:
        await client.send(
            b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % turn for turn in range(200))
        )
        for turn in range(200):
            assert (await client.response()).body.startswith(b"GET /%d HTTP/1.1\r\n" % turn)


# --- how it ends


async def test_a_body_without_a_length_ends_with_a_good_bye(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.0 200 OK\r\n\r\n" + BLOCK * 16)

    secured = await behind_tls(proxy, behaviour)
    async with strict_client(secured) as client:
        await asyncio.to_thread(client.sendall, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        received = await asyncio.to_thread(all_of, client)
    assert received.endswith(b"\r\n\r\n" + BLOCK * 16)


async def test_a_body_that_is_cut_ends_without_one(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")

    secured = await behind_tls(proxy, behaviour)
    async with strict_client(secured) as client:
        await asyncio.to_thread(client.sendall, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
            await asyncio.to_thread(all_of, client)


async def test_a_refusal_reaches_a_client_that_goes_on_sending(proxy: Proxy) -> None:
    secured = await behind_tls(proxy, echo)
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nX_A: 1\r\n\r\n" % (64 * len(BLOCK))
    async with strict_client(secured) as client:
        await asyncio.to_thread(client.sendall, head + BLOCK * 64)
        refusal = await asyncio.to_thread(all_of, client)
    assert refusal.startswith(b"HTTP/1.1 400 ")
    assert refusal.endswith(b"malformed request head\n")


async def test_a_client_that_resets_frees_the_replica(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + BLOCK)
        await connection.reader.read()

    secured = await behind_tls(proxy, behaviour)
    async with secured.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await client.head()
        reset(client.writer)
        await eventually_async(lambda: not proxy.replicas[0].open)


async def test_a_good_bye_within_a_request_frees_the_replica(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.reader.read()

    secured = await behind_tls(proxy, behaviour)
    async with strict_client(secured) as client:
        await asyncio.to_thread(client.sendall, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually_async(lambda: proxy.replicas[0].heads)
        client.settimeout(5)
        await asyncio.to_thread(client.unwrap)
        await eventually_async(lambda: not proxy.replicas[0].open)


async def test_who_does_not_answer_a_good_bye_is_cut_off(proxy: Proxy) -> None:
    secured = await behind_tls(proxy, answer_with_name, idle_timeout_s=0.1)
    async with strict_client(secured) as client:
        assert await asyncio.to_thread(all_of, client) == b""
        raw = socket.socket(fileno=client.detach())
        with raw:
            raw.settimeout(5)
            assert await asyncio.to_thread(raw.recv, 1) == b""


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients have a moment for their handshake."""
    monkeypatch.setattr(tls, "HANDSHAKE_S", 0.1)


@pytest.mark.usefixtures("hurried")
async def test_a_slow_handshake_is_cut_off(proxy: Proxy) -> None:
    secured = Secured.before(proxy)
    certificate = secured.certificate()
    async with plane_before(Replica("web-1"), protocol="http", certificate=certificate) as plane:
        for beginning in (b"", b"\x16\x03\x01\x02\x00\x01\x00"):
            async with await RawClient.connect(plane.listener.port) as slow:
                await slow.send(beginning)
                assert await slow.rest() == b""
        (frontend,) = plane.plane.frontends.values()
        await eventually_async(lambda: frontend.handshakes == 0)
        assert not frontend.clients


async def test_more_handshakes_than_may_be_are_cut_off(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "MAX_TURNED_AWAY", -9_998)
    certificate = Secured.before(proxy).certificate()
    async with plane_before(Replica("web-1"), protocol="http", certificate=certificate) as plane:
        (frontend,) = plane.plane.frontends.values()
        first, second = [await RawClient.connect(plane.listener.port) for _ in range(2)]
        await eventually_async(lambda: frontend.handshakes == 2)
        async with await RawClient.connect(plane.listener.port) as third:
            assert await third.rest() == b""
        for one in (first, second):
            await one.close()
        await eventually_async(lambda: frontend.handshakes == 0)


async def test_a_listener_that_goes_takes_those_that_shake_hands_along(proxy: Proxy) -> None:
    secured = await behind_tls(proxy, answer_with_name)
    context = secured.context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client_tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    async with await proxy.client() as client:
        with pytest.raises(ssl.SSLWantReadError):
            client_tls.do_handshake()
        await client.send(outgoing.read())
        async with asyncio.timeout(PATIENCE_S):
            incoming.write(await client.reader.read(1 << 16))
        await proxy.supervisor.publish(Snapshot(proxy.version + 1))
        client_tls.do_handshake()
        await client.send(outgoing.read())

        async def said_good_bye() -> bool:
            async with asyncio.timeout(PATIENCE_S):
                incoming.write(await client.reader.read(1 << 16))
            try:
                return client_tls.read(1) == b""
            except ssl.SSLWantReadError:
                return False

        await eventually_async(said_good_bye)
