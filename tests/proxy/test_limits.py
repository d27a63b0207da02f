"""What a service does not take on: requests wait for room, or are turned away."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from orchestrator.model.snapshot import Limits
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Connection, answer_with_name, response
from tests.support.wait import eventually_async

ONE = Limits(concurrency=1)


class Gate:
    """A replica's behaviour: answers each request with its path, once let through."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.in_flight = 0
        self.most_in_flight = 0
        self._tickets = asyncio.Semaphore(0)

    def let(self, count: int) -> None:
        """Let so many requests through."""
        for _ in range(count):
            self._tickets.release()

    async def __call__(self, connection: Connection) -> None:
        while True:
            head = await connection.head()
            await connection.body(head)
            self.paths.append(head.split()[1].decode())
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            await self._tickets.acquire()
            self.in_flight -= 1
            await connection.send(response(head.split()[1]))


opened: list[RawClient] = []


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    yield Gate()
    while opened:
        await opened.pop().close()


async def service(proxy: Proxy) -> dict[str, int]:
    stats = await proxy.supervisor.stats()
    return dict(stats["services"]["web"])


async def queued(proxy: Proxy, count: int) -> None:
    async def waiting() -> bool:
        return (await service(proxy)).get("queued") == count

    await eventually_async(waiting, what=f"{count} requests wait")


async def send(proxy: Proxy, path: str) -> RawClient:
    """A client that asked for `path` and has no answer yet. The fixture `gate` closes it."""
    client = await proxy.client()
    opened.append(client)
    await client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return client


async def busy(proxy: Proxy, gate: Gate, waiting: int) -> list[RawClient]:
    """One request at the replica, so many in line behind it."""
    clients = [await send(proxy, "/0")]
    await eventually_async(lambda: gate.in_flight == 1)
    for number in range(1, waiting + 1):
        clients.append(await send(proxy, f"/{number}"))
        await queued(proxy, number)
    return clients


async def test_requests_wait_for_room_and_go_in_order(proxy: Proxy, gate: Gate) -> None:
    await proxy.serve(gate, limits=ONE)
    clients = await busy(proxy, gate, waiting=4)
    gate.let(5)
    assert [(await client.response()).body for client in clients] == [
        f"/{number}".encode() for number in range(5)
    ]
    assert gate.paths == ["/0", "/1", "/2", "/3", "/4"]
    assert gate.most_in_flight == 1
    await queued(proxy, 0)


async def test_a_full_queue_is_a_503(proxy: Proxy, gate: Gate) -> None:
    await proxy.serve(gate, limits=Limits(concurrency=1, queue=1))
    await busy(proxy, gate, waiting=1)
    answer = await (await send(proxy, "/late")).response()
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert answer.header("proxy-status") == "orch; error=connection_limit_reached"
    assert b"its queue is full" in answer.body


async def test_waiting_ends_in_a_503(proxy: Proxy, gate: Gate) -> None:
    await proxy.serve(gate, limits=Limits(concurrency=1, queue_timeout_s=0.2))
    (first,) = await busy(proxy, gate, waiting=0)
    late = await send(proxy, "/late")
    answer = await late.response()
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert answer.body == b"all replicas of service web are busy\n"
    gate.let(2)
    assert (await first.response()).status == 200
    assert (await late.get("/again")).body == b"/again"


async def test_who_goes_away_leaves_the_queue(proxy: Proxy, gate: Gate) -> None:
    await proxy.serve(gate, limits=ONE)
    clients = await busy(proxy, gate, waiting=3)
    await clients.pop(2).close()
    await queued(proxy, 2)
    gate.let(3)
    assert [(await client.response()).body for client in clients] == [b"/0", b"/1", b"/3"]
    assert gate.paths == ["/0", "/1", "/3"]


async def test_a_new_replica_takes_from_the_queue(proxy: Proxy, gate: Gate) -> None:
    await proxy.serve(gate, limits=ONE)
    clients = await busy(proxy, gate, waiting=1)
    await proxy.replica("web-2")
    await proxy.route(limits=ONE)
    assert (await clients[1].response()).body == b"web-2"


async def test_a_wider_limit_takes_from_the_queue(proxy: Proxy, gate: Gate) -> None:
    replica = await proxy.serve(gate, limits=ONE)
    await busy(proxy, gate, waiting=3)
    await proxy.route(replica, limits=Limits(concurrency=2))
    await eventually_async(lambda: gate.in_flight == 2)
    await proxy.route(replica, limits=Limits(concurrency=0))
    await eventually_async(lambda: gate.in_flight == 4)
    await queued(proxy, 0)


async def test_nobody_waits_for_replicas_that_are_gone(proxy: Proxy, gate: Gate) -> None:
    await proxy.serve(gate, limits=ONE)
    clients = await busy(proxy, gate, waiting=1)
    await proxy.publish(limits=ONE)
    answer = await clients[1].response()
    assert (answer.status, answer.body) == (503, b"no ready replica of service web\n")
    gate.let(1)
    assert (await clients[0].response()).status == 200


async def test_a_body_waits_with_its_request(proxy: Proxy, gate: Gate) -> None:
    replica = await proxy.serve(gate, limits=ONE)
    await busy(proxy, gate, waiting=0)
    body = b"x" * 300_000
    async with await proxy.client() as client:
        head = f"POST /big HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        await client.send(head.encode())
        client.writer.write(body)
        await queued(proxy, 1)
        gate.let(2)
        assert (await client.response()).body == b"/big"
    assert bytes(replica.received).endswith(body)


async def test_each_replica_has_its_own_limit(proxy: Proxy, gate: Gate) -> None:
    other = Gate()
    await proxy.replica("web-1", gate)
    await proxy.replica("web-2", other)
    await proxy.route(limits=Limits(concurrency=2))
    clients = [await send(proxy, f"/{number}") for number in range(10)]
    await eventually_async(lambda: gate.in_flight == other.in_flight == 2)
    await queued(proxy, 6)
    gate.let(10)
    other.let(10)
    assert [(await client.response()).status for client in clients] == [200] * 10
    assert (gate.most_in_flight, other.most_in_flight) == (2, 2)


async def test_more_requests_than_may_be_in_flight_are_a_503(proxy: Proxy, gate: Gate) -> None:
    await proxy.serve(gate, limits=Limits(max_requests=2))
    clients = [await send(proxy, "/0"), await send(proxy, "/1")]
    await eventually_async(lambda: gate.in_flight == 2)
    late = await send(proxy, "/late")
    answer = await late.response()
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert answer.body == b"too many requests to service web at a time\n"
    gate.let(3)
    assert [(await client.response()).status for client in clients] == [200, 200]
    assert (await late.get("/again")).body == b"/again"


async def test_who_waits_counts_as_in_flight(proxy: Proxy, gate: Gate) -> None:
    await proxy.serve(gate, limits=Limits(concurrency=1, max_requests=2))
    await busy(proxy, gate, waiting=1)
    answer = await (await send(proxy, "/late")).response()
    assert (answer.status, answer.body[:17]) == (503, b"too many requests")


async def test_more_clients_than_may_be_are_turned_away(proxy: Proxy) -> None:
    await proxy.serve(answer_with_name, limits=Limits(max_connections=2))
    first, second = await proxy.client(), await proxy.client()
    async with first, second:
        assert [(await client.get()).status for client in (first, second)] == [200, 200]
        async with await proxy.client() as late:
            answer = await late.response()
            assert (answer.status, answer.header("connection")) == (503, "close")
            assert answer.body == b"too many connections to service web\n"
            assert await late.rest() == b""
        assert (await second.get()).status == 200
        await first.close()

        async def has_room() -> bool:
            async with await proxy.client() as client:
                return (await client.get()).status == 200

        await eventually_async(has_room)


async def test_a_client_that_asks_too_often_is_told_when_to_come_again(proxy: Proxy) -> None:
    await proxy.serve(answer_with_name, limits=Limits(rate_per_s=0.01, rate_burst=3))
    async with await proxy.client() as client, await proxy.client() as other:
        assert [(await client.get()).status for _ in range(3)] == [200, 200, 200]
        answer = await other.get()
        assert answer.status == 429
        assert 90 <= int(answer.header("retry-after") or "0") <= 100
        assert answer.header("proxy-status") == "orch; error=http_request_denied"
        assert (await client.get()).status == 429


async def test_another_rate_begins_anew(proxy: Proxy) -> None:
    replica = await proxy.serve(answer_with_name, limits=Limits(rate_per_s=0.01))
    async with await proxy.client() as client:
        assert [(await client.get()).status for _ in range(2)] == [200, 429]
        await proxy.route(replica, limits=Limits(rate_per_s=0.01, queue=5))
        assert (await client.get()).status == 429
        await proxy.route(replica)
        assert [(await client.get()).status for _ in range(2)] == [200, 200]


async def test_retries_wait_for_their_budget(proxy: Proxy, gate: Gate) -> None:
    """A replica dies with ten requests: three are sent again, then the others, none is lost."""
    dying = asyncio.Event()
    heads = 0

    async def die_later(connection: Connection) -> None:
        nonlocal heads
        await connection.head()
        heads += 1
        await dying.wait()
        connection.reset()

    replica = await proxy.serve(die_later)
    clients = [await send(proxy, f"/{number}") for number in range(10)]
    await eventually_async(lambda: heads == 10)
    await proxy.replica("web-2", gate)
    await proxy.route()
    dying.set()
    await queued(proxy, 7)
    await eventually_async(lambda: gate.in_flight == 3)
    gate.let(10)
    assert [(await client.response()).status for client in clients] == [200] * 10
    assert gate.most_in_flight == 3
    assert replica.connections == 10
