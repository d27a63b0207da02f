"""Large bodies pass at the speed of the slower side, in bounded memory."""

import asyncio
import hashlib
import socket

import pytest

from benchmarks.proxy_cpu import rss_bytes
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Connection, Replica, deaf_port, response

BLOCK = bytes(range(256)) * 256
BLOCKS = 1024
TOTAL = len(BLOCK) * BLOCKS
MEMORY_BOUND = 20_000_000
STALL_S = 0.3


async def stall_of(writer: asyncio.StreamWriter, sent: list[int]) -> None:
    """Write blocks until the other side does not take them any more."""
    try:
        while sent[0] < BLOCKS:
            writer.write(BLOCK)
            sent[0] += 1
            async with asyncio.timeout(STALL_S):
                await writer.drain()
    except TimeoutError:
        return
    raise AssertionError("everything was taken: no backpressure")


async def rest_of(writer: asyncio.StreamWriter, sent: list[int]) -> None:
    for _ in range(BLOCKS - sent[0]):
        writer.write(BLOCK)
        await writer.drain()


def digest_of_all() -> str:
    total = hashlib.sha256()
    for _ in range(BLOCKS):
        total.update(BLOCK)
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

    await proxy.serve(behaviour)
    before = rss_bytes(proxy.supervisor.pids[0])
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", proxy.port))
    async with RawClient(*await asyncio.open_connection(sock=sock, limit=1 << 16)) as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(20):
            await stalled.wait()
            assert rss_bytes(proxy.supervisor.pids[0]) - before < MEMORY_BOUND
            await client.head()
            total = hashlib.sha256()
            left = TOTAL
            while left:
                data = await client.reader.read(1 << 18)
                total.update(data)
                left -= len(data)
    assert total.hexdigest() == digest_of_all()


@pytest.mark.parametrize("first_is_deaf", [False, True])
async def test_a_slow_replica_holds_back_the_client(proxy: Proxy, first_is_deaf: bool) -> None:
    go_on = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await go_on.wait()
        total = hashlib.sha256()
        left = TOTAL
        while left:
            data = await connection.reader.read(1 << 18)
            total.update(data)
            left -= len(data)
        await connection.send(response(total.hexdigest().encode()))

    with deaf_port() as port:
        slow, deaf = await proxy.replica("web-2", behaviour), Replica("web-1")
        deaf.port = port
        replicas = (deaf, slow) if first_is_deaf else (slow,)
        await proxy.route(*replicas, connect_timeout_s=0.2)
        before = rss_bytes(proxy.supervisor.pids[0])
        async with await proxy.client() as client, asyncio.timeout(20):
            await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % TOTAL)
            sent = [0]
            while not slow.heads:
                await stall_of(client.writer, sent)
            await stall_of(client.writer, sent)
            assert rss_bytes(proxy.supervisor.pids[0]) - before < MEMORY_BOUND
            go_on.set()
            await rest_of(client.writer, sent)
            assert (await client.response()).body.decode() == digest_of_all()
    assert proxy.suspects == (["web-1.1"] if first_is_deaf else [])
