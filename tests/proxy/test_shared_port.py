"""Several services on one port: each request goes to its own, connections outlive services."""

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from orchestrator.model.snapshot import Limits, Listener, Redirect, Snapshot
from orchestrator.proxy.plane import DataPlane
from orchestrator.runtime.proxy_supervisor import open_listener
from tests.proxy.conftest import endpoint
from tests.proxy.raw_client import RawClient, Response
from tests.proxy.replicas import (
    Behaviour,
    Connection,
    Replica,
    answer_with_name,
    echo,
    hang_up_after_head,
    response,
)
from tests.support.ports import free_port
from tests.support.wait import eventually_async


class SharedPort:
    """A data plane in this process; each service has one replica of its name, or more."""

    def __init__(self) -> None:
        self.plane = DataPlane(lambda message: None)
        self.port = free_port()
        self.replicas: dict[str, list[Replica]] = {}
        self.listeners: dict[str, Listener] = {}

    async def service(self, name: str, behaviour: Behaviour = answer_with_name) -> Replica:
        """Start a replica of a service."""
        there = self.replicas.setdefault(name, [])
        replica = Replica(f"{name}-{len(there) + 1}" if there else name, behaviour)
        await replica.start()
        there.append(replica)
        return replica

    def route(self, **services: dict[str, Any]) -> None:
        """Route to these services, and to no others; each as its listener's fields say."""
        self.listeners = {name: self._listener(name, **fields) for name, fields in services.items()}
        address = ("127.0.0.1", self.port)
        if services and address not in self.plane.sockets:
            self.plane.add_socket(address, open_listener(Listener("", *address)))
        self.plane.apply(Snapshot(self.plane.version + 1, tuple(self.listeners.values())))

    def _listener(self, name: str, **fields: Any) -> Listener:
        endpoints = tuple(endpoint(one) for one in self.replicas[name])
        return Listener(name, "127.0.0.1", self.port, endpoints, **fields)

    def clients(self, name: str) -> int:
        """How many are connected to a service."""
        return len(self.plane.frontends[name].clients)

    @property
    def newcomers(self) -> int:
        """How many have not asked for a service yet, or for none there is."""
        return len(self.plane._ports["127.0.0.1", self.port].home.clients)

    def answered(self, name: str) -> int:
        """Responses of a service, its own 5xx and 4xx included."""
        return sum(self.plane.stats()["services"][name]["responses"].values())

    async def client(self) -> RawClient:
        """A connection."""
        return await RawClient.connect(self.port)

    async def stop(self) -> None:
        """End everything."""
        await self.plane.drain(0.0)
        for replica in [one for some in self.replicas.values() for one in some]:
            await replica.stop()


@pytest.fixture
async def shared() -> AsyncIterator[SharedPort]:
    """Nothing is routed yet."""
    running = SharedPort()
    try:
        yield running
    finally:
        await running.stop()


async def two(shared: SharedPort) -> None:
    """`shop` has all but what is below /api of `shop.test`, which is `api`'s."""
    await shared.service("shop")
    await shared.service("api")
    shared.route(shop=SHOP, api=API)


SHOP: dict[str, Any] = {"hosts": ("shop.test", "*.shop.test")}
API: dict[str, Any] = {"hosts": ("shop.test",), "path": "/api"}


def request(path: str, host: str = "shop.test", *headers: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.1", f"Host: {host}", *headers)).encode() + b"\r\n\r\n"


async def ask(client: RawClient, path: str, host: str = "shop.test") -> Response:
    await client.send(request(path, host))
    return await client.response()


async def body(client: RawClient, path: str, host: str = "shop.test") -> bytes:
    return (await ask(client, path, host)).body


async def test_one_connection_reaches_all_and_each_counts_its_own(shared: SharedPort) -> None:
    await two(shared)
    async with await shared.client() as client:
        assert await body(client, "/") == b"shop"
        assert (shared.clients("shop"), shared.clients("api")) == (1, 0)
        assert await body(client, "/api/items?q=/") == b"api"
        assert (shared.clients("shop"), shared.clients("api")) == (0, 1)
        assert await body(client, "/api", "EU.Shop.Test.:8080") == b"shop"
        assert await body(client, "http://shop.test/api") == b"api"
    assert (shared.answered("shop"), shared.answered("api")) == (2, 2)
    await eventually_async(lambda: shared.clients("shop") + shared.clients("api") == 0)


async def test_a_request_for_nobody_gets_a_404_that_names_nobody(shared: SharedPort) -> None:
    await two(shared)
    async with await shared.client() as client:
        for _ in range(2):
            answer = await ask(client, "/", "other.test")
            assert (answer.status, answer.body) == (404, b"nothing is served here\n")
            assert answer.header("proxy-status") == "orch; error=destination_not_found"
            assert answer.header("connection") is None
            assert await body(client, "/api") == b"api"
    assert shared.plane.stats()["services"].keys() == {"shop", "api"}
    assert shared.answered("shop") == 0
    assert shared.answered("api") == 2


async def test_the_body_of_a_request_for_nobody_is_no_request(shared: SharedPort) -> None:
    await two(shared)
    smuggled = request("/api")
    whole = f"POST / HTTP/1.1\r\nHost: other\r\nContent-Length: {len(smuggled)}\r\n\r\n".encode()
    async with await shared.client() as client:
        await client.send(whole + smuggled + request("/"))
        assert (await client.response()).status == 404
        assert (await client.response()).body == b"shop"
    async with await shared.client() as client:
        await client.send(whole)
        assert (await client.response()).header("connection") == "close"
        await client.send(smuggled)
        assert await client.rest() == b""
    assert not shared.replicas["api"][0].heads


async def test_pipelined_requests_are_answered_in_their_order(shared: SharedPort) -> None:
    await two(shared)
    lots = random.Random(7)
    paths = [lots.choice(("/", "/api", "/api/x", "/nobody")) for _ in range(60)]
    hosts = ["other" if path == "/nobody" else "shop.test" for path in paths]
    stream = b"".join(map(request, paths, hosts))
    async with await shared.client() as client:
        while stream:
            size = lots.randrange(1, 400)
            await client.send(stream[:size])
            stream = stream[size:]
        answers = [await client.response() for _ in paths]
    expected = {"/": b"shop", "/nobody": b"nothing is served here\n"}
    assert [one.body for one in answers] == [expected.get(path, b"api") for path in paths]


class Held:
    """Answers when it may."""

    def __init__(self) -> None:
        self.go = asyncio.Event()

    async def __call__(self, connection: Connection) -> None:
        """Each request."""
        while True:
            await connection.head()
            await self.go.wait()
            await connection.send(response(connection.replica.name.encode()))


async def test_an_idle_connection_outlives_the_service_it_was_for(shared: SharedPort) -> None:
    await two(shared)
    async with await shared.client() as client:
        assert await body(client, "/api") == b"api"
        shared.route(shop=SHOP)
        assert await body(client, "/api") == b"shop"
        shared.route(shop=SHOP, api=API)
        assert await body(client, "/api") == b"api"
        shared.route(shop={})  # Now the port is its own.
        assert shared.clients("shop") == 1
        assert await body(client, "/x", "other") == b"shop"
        shared.route(api={})
        assert await body(client, "/x", "other") == b"api"


async def test_a_request_in_flight_ends_and_the_connection_goes_on(shared: SharedPort) -> None:
    held = Held()
    slow = await shared.service("slow", held)
    await shared.service("shop")
    shared.route(shop=SHOP, slow={"hosts": ("shop.test",), "path": "/slow"})
    async with await shared.client() as client:
        await client.send(request("/slow") + request("/") + request("/slow"))
        await eventually_async(lambda: slow.heads)
        shared.route(shop=SHOP)
        held.go.set()
        assert [(await client.response()).body for _ in range(3)] == [b"slow", b"shop", b"shop"]
        assert shared.clients("shop") == 1


async def test_a_connection_without_a_request_yet_is_at_nobody_s(shared: SharedPort) -> None:
    await two(shared)
    async with await shared.client() as client:
        await client.send(b"GET /api HTT")
        await eventually_async(lambda: shared.newcomers)
        shared.route(shop={})
        await eventually_async(lambda: shared.clients("shop") == 1)
        await client.send(b"P/1.1\r\nHost: shop.test\r\n\r\n")
        assert (await client.response()).body == b"shop"


async def test_a_port_that_goes_ends_its_idle_connections(shared: SharedPort) -> None:
    held = Held()
    slow = await shared.service("slow", held)
    await two(shared)
    shared.route(shop=SHOP, slow={"path": "/slow"})
    async with (
        await shared.client() as idle,
        await shared.client() as fresh,
        await shared.client() as busy,
    ):
        assert await body(idle, "/") == b"shop"
        await busy.send(request("/slow", "other"))
        await eventually_async(lambda: slow.heads and shared.newcomers)
        shared.route()
        assert await idle.rest() == b""
        assert await fresh.rest() == b""
        held.go.set()
        assert (await busy.response()).body == b"slow"
        assert await busy.rest() == b""


async def test_http_connections_end_where_a_tcp_service_takes_over(shared: SharedPort) -> None:
    await two(shared)
    async with await shared.client() as idle, await shared.client() as fresh:
        assert await body(idle, "/") == b"shop"
        await eventually_async(lambda: shared.newcomers)
        shared.route(api={"protocol": "tcp"})
        assert await idle.rest() == b""
        assert await fresh.rest() == b""


async def test_a_full_service_turns_away_while_others_serve(shared: SharedPort) -> None:
    await two(shared)
    shared.route(shop=SHOP, api={**API, "limits": Limits(max_connections=1)})
    async with await shared.client() as first, await shared.client() as second:
        assert await body(first, "/api") == b"api"
        assert await body(second, "/") == b"shop"
        refused = await ask(second, "/api")
        assert (refused.status, refused.header("connection")) == (503, "close")
        assert b"too many connections to service api" in refused.body
        assert await second.rest() == b""
        assert await body(first, "/") == b"shop"  # Its place at the other is free now.
        async with await shared.client() as third:
            assert await body(third, "/api") == b"api"


async def test_rates_are_each_service_s_own(shared: SharedPort) -> None:
    await two(shared)
    shared.route(shop=SHOP, api={**API, "limits": Limits(rate_per_s=0.001, rate_burst=2)})
    async with await shared.client() as client:
        assert [(await ask(client, "/api")).status for _ in range(3)] == [200, 200, 429]
        assert (await ask(client, "/")).status == 200


async def test_the_prefix_goes_once_also_when_a_replica_dies(shared: SharedPort) -> None:
    await shared.service("api", hang_up_after_head)
    await shared.service("api", echo)
    shared.route(api={"path": "/api", "strip_prefix": True})
    async with await shared.client() as client:
        for path, line in (
            ("/api/api/x?y", "/api/x?y"),
            ("/api", "/"),
            ("/api//a.test", "/a.test"),
        ):
            await client.send(request(path, "any", "X-Forwarded-Prefix: /forged", "X-A: b"))
            lines = (await client.response()).body.split(b"\r\n")
            assert lines[0] == f"GET {line} HTTP/1.1".encode()
            assert lines.count(b"X-Forwarded-Prefix: /api") == 1
            assert b"X-A: b" in lines
            assert not [one for one in lines if b"forged" in one]
    assert shared.replicas["api"][0].heads


async def test_redirects_go_by_the_path_as_it_was_sent(shared: SharedPort) -> None:
    """Before a prefix is taken away, and with what follows it."""
    replica = await shared.service("api", echo)
    redirects = (Redirect("/api/old", "/api/new", 307), Redirect("/old", "/nowhere"))
    shared.route(api={"path": "/api", "strip_prefix": True, "redirects": redirects})
    async with await shared.client() as client:
        moved = await client.get("/api/old/x?q=1")
        assert (moved.status, moved.header("location")) == (307, "/api/new/x?q=1")
        assert (await client.get("/api/api/old")).status == 200
        assert (await client.get("/old")).status == 404
    assert replica.heads[0].startswith(b"GET /api/old HTTP/1.1\r\n")
