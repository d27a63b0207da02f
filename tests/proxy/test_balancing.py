"""Each algorithm, over real sockets: who gets which request."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from orchestrator.model.snapshot import Balancing
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import RawClient, get
from tests.proxy.replicas import Connection, answer_with_name, response
from tests.support.wait import eventually_async


async def three(proxy: Proxy, **balancing: Any) -> None:
    for name in ("web-1", "web-2", "web-3"):
        await proxy.replica(name)
    await proxy.route(balancing=Balancing(**balancing))


async def names(client: RawClient, count: int, *headers: str) -> list[str]:
    return [(await client.get("/", *headers)).body.decode() for _ in range(count)]


async def test_every_replica_has_its_turn_also_after_a_snapshot_that_changes_nothing(
    proxy: Proxy,
) -> None:
    await three(proxy)
    async with await proxy.client() as client:
        assert await names(client, 4) == ["web-1", "web-2", "web-3", "web-1"]
        await proxy.route(connect_timeout_s=2.0)
        assert await names(client, 2) == ["web-2", "web-3"]


async def test_the_turn_goes_on_when_replicas_come_and_go(proxy: Proxy) -> None:
    """After each request the last replica is another one: the first two have no more for that."""
    await three(proxy)
    async with await proxy.client() as client:
        picked = Counter[str]()
        for turn in range(12):
            picked.update(await names(client, 1))
            proxy.replicas[2].name = f"last-{turn}"  # another endpoint
            await proxy.route()
    assert (picked["web-1"], picked["web-2"]) == (4, 4)


async def test_lots_reach_everybody(proxy: Proxy) -> None:
    await three(proxy, algorithm="random")
    async with await proxy.client() as client:
        picked = Counter(await names(client, 300))
    assert all(picked[name] > 50 for name in ("web-1", "web-2", "web-3"))


async def test_the_busy_one_is_spared(proxy: Proxy) -> None:
    done = asyncio.Event()

    async def stuck(connection: Connection) -> None:
        await connection.head()
        await done.wait()
        await connection.send(response(b"late"))

    busy = await proxy.replica("web-1", stuck)
    await proxy.route(balancing=Balancing("least_requests", choices=9))
    waiting = asyncio.create_task(get(proxy.port))
    await eventually_async(lambda: busy.heads)
    await proxy.replica("web-2")
    await proxy.replica("web-3")
    await proxy.route(balancing=Balancing("least_requests", choices=9))
    async with await proxy.client() as client:
        assert set(await names(client, 12)) == {"web-2", "web-3"}
    done.set()
    assert (await waiting).body == b"late"


@pytest.mark.parametrize(
    ("hash_on", "header"), [("header:X-User", "X-User: {}"), ("cookie:sid", "Cookie: a=b; sid={}")]
)
async def test_a_key_finds_its_replica_again(proxy: Proxy, hash_on: str, header: str) -> None:
    await three(proxy, algorithm="consistent_hash", hash_on=hash_on)
    users = [header.format(f"user-{n}") for n in range(30)]
    async with await proxy.client() as client:
        first = [(await names(client, 1, user))[0] for user in users]
    async with await proxy.client() as client:
        assert [(await names(client, 1, user))[0] for user in users] == first
        assert set(first) == {"web-1", "web-2", "web-3"}
        assert len(set(await names(client, 6))) == 1, "without the key: by the client's address"


async def test_a_client_stays_on_its_replica_by_address(proxy: Proxy) -> None:
    await three(proxy, algorithm="consistent_hash")
    assert len({(await get(proxy.port)).body for _ in range(6)}) == 1


async def test_the_near_zone_first_the_others_when_it_has_none(proxy: Proxy) -> None:
    await three(proxy)
    zones = {"web-1": "a", "web-2": "b", "web-3": "b"}
    await proxy.route(balancing=Balancing(zone="b"), zones=zones)
    async with await proxy.client() as client:
        assert set(await names(client, 6)) == {"web-2", "web-3"}
        for replica in proxy.replicas[1:]:
            await replica.stop()
        assert set(await names(client, 4)) == {"web-1"}


async def test_a_cookie_keeps_a_client_on_its_replica(proxy: Proxy) -> None:
    await three(proxy, sticky_cookie="lb")
    async with await proxy.client() as client:
        first = await client.get()
        cookie, *attributes = (first.header("set-cookie") or "").split("; ")
        assert attributes == ["Path=/", "HttpOnly", "SameSite=Lax"]
        again = [await client.get("/", f"Cookie: x=y; {cookie}") for _ in range(5)]
        assert {one.body for one in again} == {first.body}
        assert {one.header("set-cookie") for one in again} == {None}


@pytest.mark.parametrize("cookie", ["lb=", "lb=0123456789abcdef", "lbx=1", "lb"])
async def test_a_cookie_that_names_nobody_is_replaced(proxy: Proxy, cookie: str) -> None:
    await three(proxy, sticky_cookie="lb")
    async with await proxy.client() as client:
        answer = await client.get("/", f"Cookie: {cookie}")
        assert (answer.header("set-cookie") or "").startswith("lb=")


async def test_a_client_whose_replica_is_gone_gets_another_and_its_cookie(proxy: Proxy) -> None:
    await three(proxy, sticky_cookie="lb")
    async with await proxy.client() as client:
        first = await client.get()
        cookie = (first.header("set-cookie") or "").partition(";")[0]
        gone = next(one for one in proxy.replicas if one.name.encode() == first.body)
        await gone.stop()
        answer = await client.get("/", f"Cookie: {cookie}")
        assert answer.body != first.body
        assert cookie not in (answer.header("set-cookie") or cookie)


async def test_a_newcomer_warms_up(proxy: Proxy) -> None:
    """Its share is a tenth at first, and a whole one in the end."""
    await proxy.replica("web-1", answer_with_name)
    await proxy.route(balancing=Balancing(slow_start_s=2.0))
    await proxy.replica("web-2", answer_with_name)
    await proxy.route(balancing=Balancing(slow_start_s=2.0))
    async with await proxy.client() as client:
        assert (await names(client, 10)).count("web-2") <= 3

        async def whole() -> bool:
            return (await names(client, 10)).count("web-2") == 5

        await eventually_async(whole)


async def test_another_weight_makes_no_new_replica_of_an_old_one(proxy: Proxy) -> None:
    await three(proxy)
    async with await proxy.client() as client:
        await names(client, 3)
        await proxy.route(weights={"web-1": 2})
        assert Counter(await names(client, 8)) == {"web-1": 4, "web-2": 2, "web-3": 2}
    assert [replica.connections for replica in proxy.replicas] == [1, 1, 1]


async def test_the_first_replicas_do_not_warm_up(proxy: Proxy) -> None:
    await three(proxy, slow_start_s=60.0)
    async with await proxy.client() as client:
        assert await names(client, 3) == ["web-1", "web-2", "web-3"]
