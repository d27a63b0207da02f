"""The queue against a model of it: any order of requests, answers, departures and new limits."""

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.model.snapshot import Endpoint, Limits, Listener, Snapshot
from orchestrator.proxy.frontend import Frontend
from orchestrator.proxy.plane import DataPlane
from orchestrator.runtime.proxy_supervisor import open_listener
from tests.proxy.conftest import endpoint
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Connection, Replica, response
from tests.support.ports import free_port
from tests.support.wait import eventually_async

numbers = st.integers(0, 9)
steps = st.one_of(
    st.tuples(st.just("ask"), numbers),
    st.tuples(st.just("ask"), numbers),
    st.tuples(st.just("answer"), numbers),
    st.tuples(st.just("leave"), numbers),
    st.tuples(st.just("limit"), st.integers(0, 3)),
)


class Held:
    """A replica's behaviour: keeps each request until its answer is asked for."""

    def __init__(self) -> None:
        self.requests: dict[str, asyncio.Event] = {}

    async def __call__(self, connection: Connection) -> None:
        while True:
            path = (await connection.head()).split()[1].decode()
            event = self.requests[path] = asyncio.Event()
            await event.wait()
            await connection.send(response(path.encode()))


class Model:
    """What should be at the replica and in the queue, next to what is."""

    def __init__(self) -> None:
        self.limit = 1
        self.serving: list[str] = []
        self.waiting: list[str] = []
        self.clients: dict[str, RawClient] = {}
        self.asked = 0
        self.held = Held()
        self.replica = Replica("web-1", self.held)
        self.plane = DataPlane(lambda message: None)
        self.port = free_port()

    async def start(self) -> None:
        await self.replica.start()
        self.plane.add_socket(("127.0.0.1", self.port), open_listener(self.listener()))
        self.apply()

    def listener(self, *endpoints: Endpoint) -> Listener:
        limits = Limits(concurrency=self.limit, queue=50, queue_timeout_s=60.0)
        return Listener("web", "127.0.0.1", self.port, endpoints, limits=limits)

    def apply(self) -> None:
        snapshot = Snapshot(self.plane.version + 1, (self.listener(endpoint(self.replica)),))
        self.plane.apply(snapshot)

    @property
    def frontend(self) -> Frontend:
        return self.plane.frontends["web"]

    async def ask(self, _number: int) -> None:
        path = f"/{self.asked}"
        self.asked += 1
        client = self.clients[path] = await RawClient.connect(self.port)
        await client.send(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        self.waiting.append(path)

    async def answer(self, number: int) -> None:
        if self.serving:
            path = self.serving.pop(number % len(self.serving))
            self.held.requests.pop(path).set()
            assert (await self.clients[path].response()).body == path.encode()
            await self.clients.pop(path).close()

    async def leave(self, number: int) -> None:
        if self.clients:
            path = list(self.clients)[number % len(self.clients)]
            (self.serving if path in self.serving else self.waiting).remove(path)
            if path in self.held.requests:
                self.held.requests.pop(path).set()
            await self.clients.pop(path).close()

    async def set_limit(self, number: int) -> None:
        self.limit = number
        self.apply()

    async def settle(self) -> None:
        """Whoever waits longest is next; what is becomes as it should be."""
        while self.waiting and (not self.limit or len(self.serving) < self.limit):
            self.serving.append(self.waiting.pop(0))

        def is_so() -> bool:
            line = len(self.frontend.line.exchanges)
            return (set(self.held.requests), self.frontend.in_flight, line) == (
                set(self.serving),
                len(self.serving),
                len(self.waiting),
            )

        await eventually_async(is_so, what=f"serving {self.serving}, waiting {self.waiting}")

    async def stop(self) -> None:
        for client in self.clients.values():
            await client.close()
        await self.plane.drain(1.0)
        self.plane.apply(Snapshot(self.plane.version + 1))
        await self.replica.stop()


async def run(script: list[tuple[str, int]]) -> None:
    model = Model()
    await model.start()
    actions = {"ask": model.ask, "answer": model.answer, "leave": model.leave}
    try:
        for name, number in script:
            await actions.get(name, model.set_limit)(number)
            await model.settle()
        while model.serving:
            await model.answer(0)
            await model.settle()
        assert not model.clients
        backend = model.frontend.backends[0]
        assert (backend.in_flight, model.frontend.in_flight, model.frontend.load) == (0, 0, 0)
    finally:
        await model.stop()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=25))
def test_the_queue_loses_nothing_and_keeps_its_order(script: list[tuple[str, int]]) -> None:
    asyncio.run(run(script))
