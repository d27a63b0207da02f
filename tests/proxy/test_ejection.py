"""Replicas that go on failing requests get none for a while."""

import asyncio
import contextlib

import pytest

from orchestrator.model.snapshot import Outliers
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import get
from tests.proxy.replicas import Behaviour, Connection, Replica, hang_up_after_head, response
from tests.support.wait import eventually_async

TWO = Outliers(consecutive_failures=2, base_ejection_s=60.0)


async def fail_each(connection: Connection) -> None:
    """Answer every request with a 500."""
    while True:
        await connection.body(await connection.head())
        await connection.send(response(b"no", status="500 Internal Server Error"))


async def silent(connection: Connection) -> None:
    """Take a request and say nothing."""
    await connection.head()
    await connection.reader.read()


async def stop_within_a_body(connection: Connection) -> None:
    """Send a part of a response and cut the connection."""
    await connection.head()
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    connection.writer.close()


async def malformed(connection: Connection) -> None:
    """Answer in no known protocol."""
    await connection.head()
    await connection.send(b"HELO\r\n\r\n")
    connection.writer.close()


async def ejections(proxy: Proxy, replica: Replica) -> int:
    stats = await proxy.supervisor.stats()
    return int(stats["endpoints"][f"{replica.name}.1"]["ejections"])


async def bodies(proxy: Proxy, count: int) -> list[bytes]:
    async with await proxy.client() as client:
        return [(await client.get()).body for _ in range(count)]


async def test_a_replica_that_answers_500_is_passed_over(proxy: Proxy) -> None:
    bad, _ = await proxy.replica("web-1", fail_each), await proxy.replica("web-2")
    await proxy.route(outliers=TWO)
    assert await bodies(proxy, 3) == [b"no", b"web-2", b"no"]
    assert await bodies(proxy, 6) == [b"web-2"] * 6
    assert await ejections(proxy, bad) == 1
    assert proxy.suspects == ["web-1.1"]


async def test_a_new_snapshot_forgets_no_ejection(proxy: Proxy) -> None:
    await proxy.replica("web-1", fail_each)
    await proxy.replica("web-2")
    await proxy.route(outliers=TWO)
    await bodies(proxy, 4)
    await proxy.replica("web-3")
    await proxy.route(outliers=TWO)
    assert set(await bodies(proxy, 6)) == {b"web-2", b"web-3"}


@pytest.mark.parametrize("behaviour", [hang_up_after_head, silent, stop_within_a_body, malformed])
async def test_other_failures_count_too(proxy: Proxy, behaviour: Behaviour) -> None:
    bad = await proxy.replica("web-1", behaviour)
    await proxy.replica("web-2")
    await proxy.route(outliers=TWO, response_timeout_s=0.2)

    async def is_ejected() -> bool:
        async with await proxy.client() as client:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionResetError):
                await client.post(b"order")
        return await ejections(proxy, bad) == 1

    await eventually_async(is_ejected)
    assert await bodies(proxy, 4) == [b"web-2"] * 4


async def test_a_good_answer_ends_the_row(proxy: Proxy) -> None:
    async def every_other(connection: Connection) -> None:
        for status in ("500 No", "200 OK") * 10:
            await connection.body(await connection.head())
            await connection.send(response(b"web-1", status=status))

    await proxy.replica("web-1", every_other)
    await proxy.replica("web-2")
    await proxy.route(outliers=TWO)
    assert (await bodies(proxy, 20)).count(b"web-1") == 10


async def test_an_ejected_replica_comes_back(proxy: Proxy) -> None:
    bad, _ = await proxy.replica("web-1", fail_each), await proxy.replica("web-2")
    await proxy.route(outliers=Outliers(consecutive_failures=1, base_ejection_s=0.2))

    async def is_ejected_again() -> bool:
        await get(proxy.port)
        return await ejections(proxy, bad) == 2

    await eventually_async(is_ejected_again, what="the replica gets requests again")


async def test_one_of_two_stays_whatever_it_answers(proxy: Proxy) -> None:
    await proxy.replica("web-1", fail_each)
    await proxy.replica("web-2", fail_each)
    await proxy.route(outliers=TWO)
    assert await bodies(proxy, 8) == [b"no"] * 8
    assert sum([await ejections(proxy, replica) for replica in proxy.replicas]) == 1


async def test_in_a_panic_all_get_requests(proxy: Proxy) -> None:
    await proxy.replica("web-1", fail_each)
    await proxy.replica("web-2", fail_each)
    await proxy.replica("web-3")
    rules = Outliers(consecutive_failures=1, max_ejected_percent=100, panic_percent=50)
    await proxy.route(outliers=rules)
    assert set(await bodies(proxy, 9)) == {b"no", b"web-3"}
    assert [await ejections(proxy, replica) for replica in proxy.replicas] == [1, 1, 0]
