"""A service with 0 replicas: its requests wait for the first one, and the controller hears."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.model.snapshot import Limits
from orchestrator.proxy.demand import REPEAT_S, Demand
from orchestrator.runtime.proxy_supervisor import ProxySupervisor
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import RawClient, get
from tests.proxy.replicas import echo
from tests.support.wait import eventually_async

PATIENT = Limits(queue_timeout_s=60.0)
BRIEF = Limits(queue_timeout_s=0.2)


class Listener:
    """What a controller hears."""

    def __init__(self, supervisor: ProxySupervisor) -> None:
        self.heard: list[tuple[str, int]] = []
        supervisor.on_demand = lambda service, waiting: self.heard.append((service, waiting))


@pytest.fixture
async def clients(proxy: Proxy) -> AsyncIterator[list[RawClient]]:
    """Clients that wait; closed at the end."""
    opened: list[RawClient] = []
    yield opened
    for client in opened:
        await client.close()


async def ask(proxy: Proxy, clients: list[RawClient], path: str = "/") -> RawClient:
    client = await proxy.client()
    clients.append(client)
    await client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    return client


async def queued(proxy: Proxy, count: int) -> None:
    async def so_many() -> bool:
        stats = await proxy.supervisor.stats()
        return bool(stats["services"]["web"].get("queued", 0) == count)

    await eventually_async(so_many, what=f"{count} requests wait")


async def test_requests_wait_for_the_first_replica_in_order(
    proxy: Proxy, clients: list[RawClient]
) -> None:
    hears = Listener(proxy.supervisor)
    await proxy.publish(asleep=True, limits=PATIENT)
    for number in range(3):
        await ask(proxy, clients, f"/{number}")
        await queued(proxy, number + 1)
    await eventually_async(lambda: hears.heard[:1] == [("web", 1)])
    replica = await proxy.replica("web-1")
    await proxy.route(limits=PATIENT)
    answers = [await client.response() for client in clients]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"web-1")] * 3
    assert bytes(replica.received).count(b"GET /") == 3
    await queued(proxy, 0)


async def test_who_waits_too_long_gets_a_503(proxy: Proxy) -> None:
    await proxy.publish(asleep=True, limits=BRIEF)
    answer = await get(proxy.port)
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert answer.header("proxy-status") == "orch; error=destination_unavailable"
    assert answer.body == b"service web has no replica, and none came in time\n"


async def test_beyond_the_bound_it_is_a_503_at_once(proxy: Proxy, clients: list[RawClient]) -> None:
    await proxy.publish(asleep=True, limits=Limits(queue=1, queue_timeout_s=60.0))
    await ask(proxy, clients)
    await queued(proxy, 1)
    answer = await get(proxy.port)
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert b"its queue is full" in answer.body


async def test_a_service_that_lost_its_replicas_answers_at_once(proxy: Proxy) -> None:
    hears = Listener(proxy.supervisor)
    await proxy.publish(limits=PATIENT)
    assert (await get(proxy.port)).body == b"no ready replica of service web\n"
    assert not hears.heard


async def test_who_leaves_waits_no_more(proxy: Proxy, clients: list[RawClient]) -> None:
    await proxy.publish(asleep=True, limits=PATIENT)
    gone, stays = await ask(proxy, clients, "/gone"), await ask(proxy, clients, "/stays")
    await queued(proxy, 2)
    await gone.close()
    await queued(proxy, 1)
    replica = await proxy.replica("web-1")
    await proxy.route(limits=PATIENT)
    assert (await stays.response()).status == 200
    assert b"/gone" not in bytes(replica.received)


async def test_a_body_waits_with_its_request_and_is_held_back(
    proxy: Proxy, clients: list[RawClient]
) -> None:
    await proxy.publish(asleep=True, limits=PATIENT)
    client = await proxy.client()
    clients.append(client)
    body = b"x" * 32_000_000  # More than both sockets take: the rest waits at the client.
    await client.send(f"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n".encode())
    client.writer.write(body)
    await queued(proxy, 1)
    await eventually_async(lambda: client.writer.transport.get_write_buffer_size() < len(body))
    assert client.writer.transport.get_write_buffer_size() > len(body) // 4
    await proxy.replica("web-1", echo)
    await proxy.route(limits=PATIENT)
    assert (await client.response()).body.endswith(body)


async def test_a_service_that_goes_leaves_nobody_waiting(
    proxy: Proxy, clients: list[RawClient]
) -> None:
    await proxy.publish(asleep=True, limits=PATIENT)
    client = await ask(proxy, clients)
    await queued(proxy, 1)
    async with asyncio.TaskGroup() as group:
        group.create_task(proxy.supervisor.stop())
        answer = await client.response()
    assert (answer.status, answer.body) == (503, b"no ready replica of service web\n")


async def test_a_new_controller_hears_of_those_who_wait(
    proxy: Proxy, clients: list[RawClient], state_dir: Path
) -> None:
    await proxy.publish(asleep=True, limits=PATIENT)
    client = await ask(proxy, clients)
    await queued(proxy, 1)
    await proxy.supervisor.close()
    proxy.supervisor = ProxySupervisor(state_dir / "run")
    hears = Listener(proxy.supervisor)
    await proxy.supervisor.start()
    assert proxy.supervisor.asleep == {"web"}
    await eventually_async(lambda: ("web", 1) in hears.heard)
    await proxy.replica("web-1")
    await proxy.route(limits=PATIENT)
    assert (await client.response()).status == 200


def test_demand_is_said_at_once_then_each_second() -> None:
    said: list[dict[str, object]] = []
    demand = Demand(said.append)
    for tenth in range(25):
        demand.waits("web", tenth, 100.0 + tenth / 10)
    demand.waits("api", 1, 100.0)
    assert [(one["service"], one["waiting"]) for one in said] == [
        ("web", 0), ("web", 10), ("web", 20), ("api", 1),
    ]  # fmt: skip
    assert REPEAT_S == 1.0
