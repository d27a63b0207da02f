"""WebSocket and other upgrades: after 101 the bytes pass as they come."""

import asyncio

from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import get
from tests.proxy.replicas import Connection, response

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def shout(connection: Connection) -> None:
    """Switch, then say everything back in capitals."""
    head = await connection.head()
    assert b"\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" in head
    await connection.send(SWITCH + b"hello ")
    while data := await connection.reader.read(1 << 16):
        await connection.send(data.upper())


async def test_both_sides_talk_freely(proxy: Proxy) -> None:
    replica = await proxy.serve(shout)
    async with await proxy.client() as client:
        await client.send(UPGRADE + b"early ")
        switched = await client.head()
        assert (switched.status, switched.header("upgrade")) == (101, "websocket")
        assert switched.header("connection") == "upgrade"
        async with asyncio.timeout(5):
            assert await client.reader.readexactly(12) == b"hello EARLY "
            await client.send(b"x" * 1_000_000)
            assert await client.reader.readexactly(1_000_000) == b"X" * 1_000_000
        assert replica.open == 1
    async with asyncio.timeout(5):
        while replica.open:
            await asyncio.sleep(0)


async def test_the_replica_may_end_it(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(SWITCH + b"bye")

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(UPGRADE)
        assert (await client.head()).status == 101
        assert await client.rest() == b"bye"


async def test_a_refused_upgrade_is_an_ordinary_answer(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        while True:
            await connection.head()
            await connection.send(response(b"no", status="426 Upgrade Required"))

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(UPGRADE)
        assert (await client.response()).status == 426
        assert (await client.get()).status == 426


async def test_a_switch_nobody_asked_for_is_a_502(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(SWITCH)
        await connection.reader.read()

    await proxy.serve(behaviour)
    assert (await get(proxy.port)).status == 502


async def test_an_open_tunnel_counts_as_in_flight(proxy: Proxy) -> None:
    await proxy.serve(shout)
    async with await proxy.client() as client:
        await client.send(UPGRADE)
        await client.head()
        await proxy.publish()
        assert not await proxy.supervisor.drain("web-1.1", 0.05)
    assert await proxy.supervisor.drain("web-1.1", 5)
