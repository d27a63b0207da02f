"""Replicas that are no more and never say so: no end, no reset, nothing (their network is gone)."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.model.snapshot import Snapshot
from orchestrator.proxy.clock import TICK_S
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import PATIENCE_S, RawClient
from tests.proxy.replicas import Connection, Replica, response
from tests.proxy.tcp_support import (
    digest_of_all,
    digest_of_rest,
    plane_before,
    read_to_the_end,
    send_blocks,
)
from tests.support.wait import eventually_async

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\norder"
UPGRADE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
COUNTED = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello"


class Silent(Replica):
    """Says `said` to the first bytes of each connection and no more, until told to `go_on`."""

    def __init__(self, name: str, said: bytes = b"", then: bytes = b"") -> None:
        super().__init__(name, self._say)
        self.said = said
        self.then = then
        self.go_on = asyncio.Event()

    async def _say(self, connection: Connection) -> None:
        self.received += await connection.reader.read(1 << 16)
        await connection.send(self.said)
        await self.go_on.wait()
        await connection.send(self.then)
        await connection.reader.read()


async def request_at(proxy: Proxy, first: Silent, request: bytes, **options: Any) -> RawClient:
    """A client whose request is at `first`."""
    await first.start()
    proxy.replicas.append(first)
    await proxy.publish(first, **options)
    client = await proxy.client()
    await client.send(request)
    await eventually_async(lambda: first.received)
    return client


async def left_at(proxy: Proxy, first: Silent, request: bytes, **options: Any) -> RawClient:
    """The same, and `first` is published away then: `web-2` is left."""
    client = await request_at(proxy, first, request, **options)
    await proxy.publish(await proxy.replica("web-2"), **options)
    return client


def tell_gone(proxy: Proxy) -> None:
    proxy.supervisor.tell_gone({"web-1.1"})


async def drained(proxy: Proxy) -> bool:
    return await proxy.supervisor.drain("web-1.1", PATIENCE_S)


async def test_what_can_be_repeated_goes_to_another(proxy: Proxy) -> None:
    async with await left_at(proxy, Silent("web-1"), GET) as client:
        tell_gone(proxy)
        assert (await client.response()).body == b"web-2"
        assert await drained(proxy)


@pytest.mark.parametrize("request_", [POST, POST[:-2]])
async def test_what_may_have_taken_effect_is_a_502(proxy: Proxy, request_: bytes) -> None:
    async with await left_at(proxy, Silent("web-1"), request_) as client:
        tell_gone(proxy)
        assert (await client.response()).status == 502
        assert await drained(proxy)
        assert not proxy.replicas[1].heads


@pytest.mark.parametrize("said", [CHUNKED, COUNTED])
async def test_a_response_under_way_is_cut(proxy: Proxy, said: bytes) -> None:
    async with await left_at(proxy, Silent("web-1", said), GET) as client:
        tell_gone(proxy)
        answer = await client.rest()
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
        assert answer.endswith((b"\r\n\r\nhello", b"5\r\nhello\r\n"))
        assert not proxy.replicas[1].heads


async def test_a_tunnel_ends(proxy: Proxy) -> None:
    async with await left_at(proxy, Silent("web-1", SWITCH), UPGRADE) as client:
        tell_gone(proxy)
        assert (await client.rest()).endswith(b"\r\n\r\nhello")
        assert await drained(proxy)


async def test_a_session_of_tcp_is_reset(proxy: Proxy) -> None:
    first = Silent("web-1", b"hello")
    async with await left_at(proxy, first, b"hello", protocol="tcp") as client:
        tell_gone(proxy)
        with pytest.raises(ConnectionResetError):
            await read_to_the_end(client)
        assert await drained(proxy)


async def test_one_that_drains_ends_its_requests(proxy: Proxy) -> None:
    """Gone is another replica, whose request ends meanwhile: this one's answer still comes."""
    first, second = Silent("web-1", then=response(b"late")), Silent("web-3")
    async with await request_at(proxy, first, GET) as client:
        async with await request_at(proxy, second, POST) as other:
            await proxy.publish()
            proxy.supervisor.tell_gone({"web-3.1"})
            assert (await other.response()).status == 502
        first.go_on.set()
        assert (await client.response()).body == b"late"


async def test_one_that_is_routed_is_left_alone(proxy: Proxy) -> None:
    first, second = Silent("web-1", then=response(b"late")), Silent("web-3")
    async with await request_at(proxy, first, GET) as client:
        async with await request_at(proxy, second, POST) as other:
            await proxy.publish(first)
            proxy.supervisor.tell_gone({"web-1.1", "web-3.1"})
            assert (await other.response()).status == 502
        first.go_on.set()
        assert (await client.response()).body == b"late"


async def test_who_has_moved_to_another_address_is_gone_from_the_first(proxy: Proxy) -> None:
    async with await request_at(proxy, Silent("web-1"), GET) as client:
        await proxy.publish(await proxy.replica("web-1"))
        assert (await client.response()).body == b"web-1"


async def test_what_it_had_said_is_still_passed_on_to_a_slow_client() -> None:
    """Its connection is not read meanwhile: that nothing comes means nothing."""

    async def pour(connection: Connection) -> None:
        await send_blocks(connection.writer)
        await connection.reader.read()

    async with plane_before(Replica("web-1", pour)) as running, running.client() as client:
        await eventually_async(lambda: running.session.client.full, what="the client is full")
        plane, session = running.plane, running.session
        plane.apply(Snapshot(2, (replace(running.listener, endpoints=()),)))
        plane.end_gone({"web-1.1"})
        ticked_at = plane._clock.now + 5 * TICK_S
        await eventually_async(lambda: plane._clock.now > ticked_at)
        async with asyncio.timeout(PATIENCE_S):
            assert await digest_of_rest(client.reader, session, []) == digest_of_all()
