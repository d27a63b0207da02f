"""What is counted: per service, per replica, over all workers, those that died included."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.histogram import Histogram
from orchestrator.model.snapshot import Listener, Snapshot
from orchestrator.proxy.exchange import Exchange
from orchestrator.proxy.numbers import waited
from orchestrator.proxy.plane import DataPlane
from orchestrator.runtime.proxy_supervisor import open_listener
from tests.proxy.conftest import Proxy, endpoint
from tests.proxy.raw_client import get
from tests.proxy.replicas import Connection, Replica, echo, hang_up_after_head, response
from tests.proxy.test_upgrade import UPGRADE, shout
from tests.support.ports import free_port
from tests.support.wait import eventually_async

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def numbers(proxy: Proxy, replica: str = "web-1.1") -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the service, and of a replica of it."""
    stats = await proxy.supervisor.stats()
    return stats["services"]["web"], stats["endpoints"].get(replica, {})


def durations(counters: dict[str, Any], name: str = "durations") -> Histogram:
    return Histogram.from_json(counters[name])


async def test_requests_and_bytes(proxy: Proxy) -> None:
    answer = response(b"hello")

    async def behaviour(connection: Connection) -> None:
        while True:
            await connection.body(await connection.head())
            await connection.send(answer)

    await proxy.serve(behaviour, replica_header=False)
    async with await proxy.client() as client:
        post = GET.replace(b"GET", b"POST").replace(b"\r\n\r\n", b"\r\nContent-Length: 4\r\n\r\n")
        for request in (GET, GET, post + b"data"):
            await client.send(request)
            assert (await client.response()).body == b"hello"
        service, replica = await numbers(proxy)
        assert service["connections"] == 1
    for counters in (service, replica):
        assert counters["responses"] == {"1xx": 0, "2xx": 3, "3xx": 0, "4xx": 0, "5xx": 0}
        assert counters["bytes_in"] == 2 * len(GET) + len(post) + 4
        assert counters["bytes_out"] == 3 * len(answer)
        assert durations(counters).total == 3
        assert counters["in_flight"] == 0
    assert replica["requests"] == 3
    assert durations(replica, "connect_times").total == 1
    assert durations(service, "queue_times").total == 0


async def test_durations_are_those_of_the_replica(proxy: Proxy) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        asked.set()
        await go_on.wait()
        await connection.send(response(b"", status="500 Sorry"))

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        before = time.perf_counter()
        await client.send(GET)
        await asked.wait()
        begun = time.perf_counter()
        assert (await numbers(proxy))[0]["in_flight"] == 1
        waits = time.perf_counter() - begun
        go_on.set()
        assert (await client.response()).status == 500
    told = await numbers(proxy)
    whole = time.perf_counter() - before  # Not earlier: the worker counts after it has answered.
    for counters in told:
        assert counters["responses"]["5xx"] == 1
        assert waits <= durations(counters).sum_s <= whole


async def test_the_proxys_own_answers(proxy: Proxy) -> None:
    await proxy.publish()
    assert (await get(proxy.port)).status == 503
    async with await proxy.client() as client:
        await client.send(b"nonsense\r\n\r\n")
        assert (await client.response()).status == 400
    service, _ = await numbers(proxy)
    assert service["own_responses"] == service["responses"]
    assert (service["responses"]["4xx"], service["responses"]["5xx"]) == (1, 1)
    assert durations(service).total == 2


async def test_a_retry_is_counted_where_it_failed(proxy: Proxy) -> None:
    await proxy.replica("web-1", hang_up_after_head)
    await proxy.replica("web-2")
    await proxy.route()
    assert (await get(proxy.port)).body == b"web-2"
    service, failed = await numbers(proxy)
    _, other = await numbers(proxy, "web-2.1")
    assert (service["retries"], failed["retries"], other["retries"]) == (1, 1, 0)
    assert (failed["responses"]["2xx"], other["responses"]["2xx"]) == (0, 1)
    assert (durations(failed).total, durations(other).total) == (0, 1)
    # The second replica is not charged for the time the first one took.
    assert durations(other).sum_s < durations(service).sum_s


async def test_a_client_that_leaves(proxy: Proxy) -> None:
    asked = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        asked.set()
        await connection.reader.read()

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(GET)
        await asked.wait()

    async def counted() -> bool:
        service, replica = await numbers(proxy)
        assert sum(service["responses"].values()) == durations(replica).total == 0
        return durations(service).total == 1

    await eventually_async(counted)


async def test_a_response_that_breaks_off(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        connection.reset()

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(GET)
        assert (await client.rest()).endswith(b"half")
    service, replica = await numbers(proxy)
    assert (service["responses"]["2xx"], replica["resets"]) == (1, 1)
    assert durations(service).total == durations(replica).total == 1


async def test_tunnels_have_bytes_but_no_duration(proxy: Proxy) -> None:
    await proxy.replica("web-0", hang_up_after_head)
    await proxy.serve(shout)
    async with await proxy.client() as client:
        await client.send(UPGRADE + b"x" * 1000)
        await client.head()
        async with asyncio.timeout(5):
            assert await client.reader.readexactly(1006) == b"hello " + b"X" * 1000

    async def over() -> bool:
        service, replica = await numbers(proxy)
        assert service["responses"]["1xx"] == replica["responses"]["1xx"] == service["retries"] == 1
        assert durations(service).total == durations(replica).total == 0
        return bool(service["bytes_out"] > 1006 and replica["bytes_out"] == service["bytes_out"])

    await eventually_async(over)


async def test_a_draining_replica_still_counts(proxy: Proxy) -> None:
    go_on = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await go_on.wait()
        await connection.send(response(b"late"))

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(GET)

        async def is_in_flight() -> bool:
            return bool((await numbers(proxy))[1]["in_flight"])

        await eventually_async(is_in_flight)
        await proxy.publish()
        assert await is_in_flight()
        go_on.set()
        assert (await client.response()).body == b"late"


async def test_workers_add_up_and_the_dead_count(state_dir: Path) -> None:
    proxy = Proxy(state_dir / "run", workers=2)
    await proxy.supervisor.start()
    try:
        await proxy.serve(echo)
        for _ in range(20):
            assert (await get(proxy.port)).status == 200
        assert durations((await numbers(proxy))[0]).total == 20
        pids = proxy.supervisor.pids
        os.kill(pids[0], signal.SIGKILL)
        await eventually_async(lambda: proxy.supervisor.pids[0] != pids[0], what="a new worker")
        assert (await get(proxy.port)).status == 200

        async def all_counted() -> bool:
            return all(durations(counters).total == 21 for counters in await numbers(proxy))

        await eventually_async(all_counted)
        assert sum((await numbers(proxy))[0]["responses"].values()) == 21
    finally:
        await proxy.stop()


async def test_time_in_a_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that was held back carries how long; its replica is not charged for it."""
    dispatch = Exchange.dispatch

    def late(exchange: Exchange, *arguments: Any) -> None:
        waited(exchange, 0.25)
        dispatch(exchange, *arguments)

    monkeypatch.setattr(Exchange, "dispatch", late)
    replica = Replica("web-1", echo)
    await replica.start()
    listener = Listener("web", "127.0.0.1", free_port(), (endpoint(replica),))
    plane = DataPlane(lambda message: None)
    plane.add_socket(listener.address, open_listener(listener))
    plane.apply(Snapshot(1, (listener,)))
    try:
        assert (await get(listener.port)).status == 200
        service = plane.stats()["services"]["web"]
        assert durations(service, "queue_times").sum_s == 0.25
        assert durations(plane.stats()["endpoints"]["web-1.1"]).total == 1
    finally:
        await plane.drain(1.0)
        plane.apply(Snapshot(2))
        await replica.stop()
