"""The proxy's connection states against all that clients, replicas, snapshots and time can do.

No sockets: connections, loop and clock are in memory and moved by hypothesis (`virtual`); the
data plane is the real one, whole. `ORCH_STATES_EXAMPLES=20000` makes it a soak.
"""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from orchestrator.model.snapshot import Endpoint, Limits, Listener, Snapshot
from orchestrator.proxy import client as client_module
from orchestrator.proxy import exchange as exchange_module
from orchestrator.proxy.backend import Backend
from orchestrator.proxy.client import ClientConnection
from orchestrator.proxy.exchange import Exchange
from orchestrator.proxy.frontend import Frontend
from orchestrator.proxy.plane import DataPlane
from tests.proxy.parties import ANSWERS, KINDS, ONCE, Client, Ledger, Replica
from tests.proxy.virtual import NO_WINDOW, OPEN_WINDOW, ListeningSocket, VirtualLoop

PORTS = (8001, 8002)
SOAK = "ORCH_STATES_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("ORCH_STATES_EXAMPLES", "500"))
if SOAK:  # A time-out would end an example, and be taken for a failure that cannot be replayed.
    pytestmark = pytest.mark.timeout(0)
# Small, so that small messages reach them.
LIMITS = {(client_module, "READ_AHEAD_BYTES"): 150, (exchange_module, "REPLAY_BYTES"): 60}
# Sets go by hashes, and these have their addresses for one: whose time-out comes first would be
# another each time the same steps are run, and hypothesis could neither replay nor shrink them.
IN_SETS = (Backend, ClientConnection, Frontend)

picks = st.integers(0, 7)
# What undoes much happens less often, else few requests ever come to an answer.
rarely = st.sampled_from((True, False, False, False))
sizes = st.sampled_from((1, 7, 30, 60, 1000, 1000, 1000, 1000))


class ProxyStates(RuleBasedStateMachine):
    """Every rule is something that a party does; the invariants hold after each."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = ExitStack()
        for (module, name), value in LIMITS.items():
            self.patches.enter_context(patch.object(module, name, value))
        for kind in IN_SETS:
            self.patches.enter_context(patch.object(kind, "__hash__", lambda _: 0))
        self.loop = VirtualLoop()
        self.ledger = Ledger()
        self.messages: list[dict[str, Any]] = []
        self.clients: list[Client] = []
        self.replicas: list[Replica] = []
        self.sockets: dict[int, ListeningSocket] = {}
        self.endpoints: list[str] = ["e0", "e1"]
        self.removed: list[str] = []
        self.vanished: set[str] = set()
        self.created = 2
        self.limits = Limits()
        self.request_timeout_s = 0.0
        self.frontends: set[Frontend] = set()
        self.backends: set[Backend] = set()
        self.do(lambda: setattr(self, "plane", DataPlane(self.messages.append)))

    plane: DataPlane

    def do(self, action: Callable[[], object], settle: bool = True) -> None:
        """Have the loop run it, and what follows from it."""
        self.loop.call_soon(action)
        if settle:
            self.loop.settle()
        for replica in self.replicas:
            replica.read()

    # --- snapshots

    @initialize()
    def begin(self) -> None:
        self.listen(PORTS)

    def listen(self, ports: tuple[int, ...]) -> None:
        if not ports:
            self.removed, self.endpoints = self.removed + self.endpoints, []
        endpoints = tuple(Endpoint(id_, id_, 80, name=id_) for id_ in self.endpoints)
        listeners = []
        for port in ports:
            if ("127.0.0.1", port) not in self.plane.sockets:
                self.sockets[port] = ListeningSocket(self.loop)
                self.plane.add_socket(("127.0.0.1", port), self.sockets[port].as_socket())
            listeners.append(
                Listener(
                    f"web-{port}", "127.0.0.1", port, endpoints, limits=self.limits,
                    request_timeout_s=self.request_timeout_s,
                    response_timeout_s=5.0, idle_timeout_s=8.0,
                )
            )  # fmt: skip
        snapshot = Snapshot(self.plane.version + 1, tuple(listeners))
        self.do(lambda: self.plane.apply(snapshot))
        self.frontends |= set(self.plane.frontends.values())
        self.backends |= set(self.plane._backends.values())

    @property
    def ports(self) -> tuple[int, ...]:
        return tuple(port for _, port in self.plane.sockets)

    @rule(number=picks, now=rarely)
    def replica_goes(self, number: int, now: bool) -> None:
        if self.endpoints and now:
            self.removed.append(self.endpoints.pop(number % len(self.endpoints)))
            self.listen(self.ports)

    @precondition(lambda self: self.removed)
    @rule(number=picks)
    def replica_vanishes(self, number: int) -> None:
        """One that was published away is no more: its connections are silent from now on."""
        id_ = self.removed[number % len(self.removed)]
        self.vanished.add(id_)
        self.do(lambda: self.plane.end_gone([id_]))
        self.loop.pass_time(0.3)
        self.do(lambda: None)
        for exchange in self.exchanges:
            upstream = exchange.upstream
            gone = upstream is not None and upstream.backend.endpoint.id in self.vanished
            assert not gone or (upstream and upstream.held), "waits for who is no more"

    @rule()
    def replica_comes(self) -> None:
        if self.ports and len(self.endpoints) < 3:
            self.endpoints.append(f"e{self.created}")
            self.created += 1
            self.listen(self.ports)

    @rule(port=st.sampled_from(PORTS), now=rarely)
    def listener_closes_or_opens(self, port: int, now: bool) -> None:
        if port in self.ports and not now:
            return
        others = tuple(one for one in self.ports if one != port)
        self.listen(others if port in self.ports else (*others, port))

    @rule(concurrency=st.integers(0, 2), queue=st.integers(0, 3), timeout_s=st.sampled_from((0, 3)))
    def limits_change(self, concurrency: int, queue: int, timeout_s: int) -> None:
        self.limits = Limits(concurrency=concurrency, queue=queue, queue_timeout_s=2.0)
        self.request_timeout_s = float(timeout_s)
        self.listen(self.ports)

    # --- clients

    @rule(port=st.sampled_from(PORTS))
    def client_connects(self, port: int) -> None:
        if port in self.ports and len(self.clients) < 12:
            wire = self.sockets[port].connect(("192.0.2.1", 1000 + len(self.clients)))
            self.clients.append(Client(wire, self.ledger))
            self.do(lambda: None)

    @rule(number=picks, kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=3),
          size=sizes, settle=st.booleans(), connect=st.booleans())  # fmt: skip
    def client_asks(
        self, number: int, kinds: list[str], size: int, settle: bool, connect: bool = False
    ) -> None:
        if not any(client.may_ask for client in self.clients):
            self.client_connects(PORTS[number % 2])
        if able := [client for client in self.clients if client.may_ask]:
            client = able[number % len(able)]
            for kind in kinds:
                client.ask(kind)
            self.do(lambda: client.send(size), settle)
            if connect:
                self.all_connect()

    @precondition(lambda self: self.clients)
    @rule(number=picks, size=sizes, settle=st.booleans())
    def client_sends(self, number: int, size: int, settle: bool) -> None:
        if self.clients:
            client = self.clients[number % len(self.clients)]
            self.do(lambda: client.send(size), settle)

    @precondition(lambda self: self.clients)
    @rule(number=picks, how=st.sampled_from(("half_close", "close", "reset")), settle=st.booleans(),
          now=rarely)  # fmt: skip
    def client_leaves(self, number: int, how: str, settle: bool, now: bool) -> None:
        if self.clients and now:
            wire = self.clients[number % len(self.clients)].wire
            self.do(getattr(wire, how), settle)

    @precondition(lambda self: self.clients)
    @rule(number=picks, window=st.sampled_from((NO_WINDOW, NO_WINDOW, 30, OPEN_WINDOW)))
    def client_reads(self, number: int, window: int) -> None:
        if self.clients:
            wire = self.clients[number % len(self.clients)].wire
            self.do(lambda: wire.take(window))

    # --- replicas

    @precondition(lambda self: self.loop.pending)
    @rule(number=picks, accept=st.sampled_from((True, True, True, False)), settle=st.booleans())
    def replica_connects(self, number: int, accept: bool, settle: bool) -> None:
        if pending := [one for one in self.loop.pending if not one.outcome.done()]:
            connect = pending[number % len(pending)]
            if accept:
                self.replicas.append(Replica(connect.accept(), connect.address[0], self.ledger))
            else:
                connect.refuse()
            self.do(lambda: None, settle)

    def all_connect(self) -> None:
        """Every connect that is under way succeeds."""
        self.do(lambda: None)
        for connect in [one for one in self.loop.pending if not one.outcome.done()]:
            self.replicas.append(Replica(connect.accept(), connect.address[0], self.ledger))
        self.do(lambda: None)

    @property
    def living(self) -> list[Replica]:
        return [
            one
            for one in self.replicas
            if not one.wire.closed and one.endpoint not in self.vanished
        ]

    @precondition(lambda self: any(len(one.heads) > one.answered for one in self.living))
    @rule(number=picks, kind=st.sampled_from(ANSWERS), length=st.sampled_from((0, 1, 5, 60)),
          size=sizes, settle=st.booleans())  # fmt: skip
    def replica_answers(self, number: int, kind: str, length: int, size: int, settle: bool) -> None:
        busy = [one for one in self.living if len(one.heads) > one.answered]
        if busy:
            replica = busy[number % len(busy)]
            replica.answer(kind, length)
            self.do(lambda: replica.send(size), settle)

    @precondition(lambda self: self.living)
    @rule(number=picks, size=sizes, settle=st.booleans())
    def replica_sends(self, number: int, size: int, settle: bool) -> None:
        if self.living:
            replica = self.living[number % len(self.living)]
            self.do(lambda: replica.send(size), settle)

    @precondition(lambda self: self.living)
    @rule(number=picks, how=st.sampled_from(("close", "half_close", "reset")), settle=st.booleans())
    def replica_dies(self, number: int, how: str, settle: bool) -> None:
        if self.living:
            self.do(partial(self.living[number % len(self.living)].leave, how), settle)

    @precondition(lambda self: any(one.busy for one in self.living))
    @rule(number=picks, how=st.sampled_from(("close", "reset")), settle=st.booleans())
    def replica_dies_at_work(self, number: int, how: str, settle: bool) -> None:
        if busy := [one for one in self.living if one.busy]:
            self.do(partial(busy[number % len(busy)].leave, how), settle)

    @precondition(lambda self: any(one.answered and not one.busy for one in self.living))
    @rule(number=picks)
    def replica_says_too_much(self, number: int) -> None:
        # Bytes that cross the next request on the wire pass for its answer, and no proxy could
        # tell: so all is settled before, and nothing is on its way to the replica.
        self.do(lambda: None)
        if quiet := [one for one in self.living if one.answered and not one.tunnel]:
            replica = quiet[number % len(quiet)]
            transport = replica.wire.transport
            if transport is None or not transport.get_write_buffer_size():
                self.do(replica.surplus)

    @precondition(lambda self: self.living)
    @rule(number=picks, window=st.sampled_from((NO_WINDOW, 100, OPEN_WINDOW)))
    def replica_reads(self, number: int, window: int) -> None:
        if self.living:
            wire = self.living[number % len(self.living)].wire
            self.do(lambda: wire.take(window))

    @rule(kind=st.sampled_from(ANSWERS[:3]), length=st.sampled_from((1, 5, 60)))
    def replicas_do_their_part(self, kind: str, length: int) -> None:
        """What is asked for is answered, whole."""
        self.all_connect()
        for replica in self.living:
            replica.answer(kind, length)
            self.do(lambda replica=replica: replica.send(10_000))  # type: ignore[misc]

    # --- the loop and time

    @rule(callbacks=st.integers(1, 4))
    def some_callbacks_run(self, callbacks: int) -> None:
        for _ in range(min(callbacks, len(self.loop.ready))):
            self.loop.step()
        self.do(lambda: None, settle=False)

    @rule(seconds=st.sampled_from((0.1, 0.1, 0.1, 1.05, 1.05, 2.1, 5.2, 8.2, 31.0)))
    def time_passes(self, seconds: float) -> None:
        self.loop.pass_time(seconds)
        self.do(lambda: None)

    # --- what holds

    @property
    def connected(self) -> list[ClientConnection]:
        everybody = [client for frontend in self.frontends for client in frontend.clients]
        return [client for client in everybody if isinstance(client, ClientConnection)]

    @property
    def exchanges(self) -> list[Exchange]:
        return [client.exchange for client in self.connected if client.exchange is not None]

    @invariant()
    def an_exchange_is_in_one_place(self) -> None:
        queued = [one for frontend in self.frontends for one in frontend.line.exchanges]
        connecting = [one for backend in self.backends for one in backend._connecting]
        for exchange in self.exchanges:
            places = (exchange in queued, exchange in connecting, exchange.upstream is not None)
            assert sum(places) == 1, places
            assert exchange.connecting == places[1]
            assert exchange.active == (places[1] or places[2])
            assert exchange.upstream is None or exchange.upstream.exchange is exchange
        assert set(queued) | set(connecting) <= set(self.exchanges)

    @invariant()
    def counters_match(self) -> None:
        active = [one for one in self.exchanges if one.active]
        for frontend in self.frontends:
            mine = [one for one in active if one.client.frontend is frontend]
            assert frontend.in_flight == len(mine)
            assert frontend.retrying == sum(one.resent for one in mine)
        for backend in self.backends:
            assert backend.in_flight == sum(one.backend is backend for one in active)

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """A client without an exchange is read, and has no whole request lying about."""
        for client in self.connected:
            idle = client.exchange is None and not client._slow and client._linger is None
            if idle and not self.loop.ready and not client.transport.is_closing():
                assert client.transport.is_reading()
                assert b"\r\n\r\n" not in client._buffer

    @invariant()
    def clients_get_their_own(self) -> None:
        for client in self.clients:
            client.check()

    @invariant()
    def nothing_is_sent_too_often(self) -> None:
        sent = Counter(id_ for replica in self.replicas for id_, _ in replica.heads)
        for id_, times in sent.items():
            assert times <= (1 if self.ledger.kinds[id_] in ONCE else 2), self.ledger.kinds[id_]

    @invariant()
    def drained_is_said_once(self) -> None:
        drained = [m["endpoint"] for m in self.messages if m["type"] == "drained"]
        busy = {one.backend.endpoint.id for one in self.exchanges if one.active}
        assert sorted(drained) == sorted(set(self.removed) - busy)

    @invariant()
    def pools_hold_clean_connections(self) -> None:
        for backend in self.backends:
            for upstream in backend.idle:
                assert not backend.removed
                assert (upstream.exchange, upstream.body, upstream._buffer) == (None, None, b"")
                assert not upstream.held
                assert not upstream.full
                assert self.loop.ready or not upstream.transport.is_closing()

    @invariant()
    def nobody_reads_more_than_can_be_passed_on(self) -> None:
        for exchange in self.exchanges:
            client, upstream = exchange.client, exchange.upstream
            if upstream is not None and not client.transport.is_closing():
                if client._slow and not upstream.transport.is_closing():
                    assert not upstream.transport.is_reading(), "reads for a slow client"
                if upstream.full and client.body is not None:
                    assert not client.transport.is_reading(), "reads for a slow replica"

    # --- the end

    def teardown(self) -> None:
        """All do their part, or time runs out: everything winds down to zero."""
        try:
            self._wind_down()
        finally:
            self.patches.close()

    def _wind_down(self) -> None:
        self.do(lambda: None)
        for wire in self.loop.wires:
            self.do(lambda wire=wire: wire.take(OPEN_WINDOW))  # type: ignore[misc]
        for _ in range(12):
            for client in self.clients:
                self.do(lambda client=client: client.send(10_000))  # type: ignore[misc]
            self.loop.pass_time(6.0)
            self.do(lambda: None)
            self.clients_get_their_own()
        tunnels = [one for one in self.exchanges if one.client.tunnel is not None]
        assert self.exchanges == tunnels, "a request that never ends"
        for client in self.clients:
            self.do(client.wire.reset)
        self.loop.pass_time(6.0)
        self.listen(())
        self.loop.pass_time(60.0)
        self.an_exchange_is_in_one_place()
        self.counters_match()
        self.drained_is_said_once()
        assert not any(frontend.clients for frontend in self.frontends)
        assert not any(backend.idle or backend.in_flight for backend in self.backends)
        assert not self.loop.pending
        left = [w for w in self.loop.wires if w.transport is not None and not w.transport.dead]
        assert not left, "connections that stay open"


TestProxyStates = ProxyStates.TestCase
TestProxyStates.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=80,
    derandomize=not SOAK,  # A find is for who looks for it, not for who changes something else.
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def one_replica() -> ProxyStates:
    states = ProxyStates()
    states.begin()
    states.replica_goes(1, True)
    return states


def test_a_backend_whose_last_request_is_rerouted_drains_once() -> None:
    states = one_replica()
    states.client_connects(8001)
    states.client_asks(0, ["get"], 1000, True)
    states.replica_goes(0, True)
    states.drained_is_said_once()
    states.teardown()


def test_a_listener_that_closed_sends_nothing_to_backends_that_went() -> None:
    states = one_replica()
    states.client_connects(8001)
    states.client_asks(0, ["get"], 1000, False)
    states.replica_comes()
    states.listener_closes_or_opens(8001, True)
    states.replica_goes(1, True)
    states.listener_closes_or_opens(8002, True)
    states.drained_is_said_once()
    states.teardown()


def test_a_request_behind_an_answer_that_is_not_read_is_not_incomplete() -> None:
    states = one_replica()
    states.client_connects(8001)
    states.client_reads(0, 0)
    states.client_asks(0, ["get", "head"], 1000, False)
    states.time_passes(31.0)
    states.teardown()


def test_a_connection_that_the_replica_did_not_read_is_not_used_again() -> None:
    states = one_replica()
    states.client_connects(8001)
    states.client_asks(0, ["post"], 1000, True)
    states.replica_connects(0, True, True)
    request = len(states.replicas[0].wire.received)
    states.replica_answers(0, "length", 5, 1000, True)
    states.replica_reads(0, request - 60)
    states.client_asks(0, ["post"], 1000, True)
    states.replica_answers(0, "length", 5, 1000, True)
    assert not states.exchanges
    states.pools_hold_clean_connections()
    states.client_asks(0, ["post"], 60, True)
    states.nobody_reads_more_than_can_be_passed_on()
    states.teardown()


def order_of_retries() -> tuple[int, ...]:
    """The ids of requests whose connects all time out at the same moment."""
    states = ProxyStates()
    states.begin()
    for number in range(8):
        states.client_connects(8001)
        states.client_asks(number, ["get"], 1000, True)
    states.time_passes(1.05)
    states.all_connect()
    order = tuple(replica.heads[0][0] for replica in states.replicas)
    states.teardown()
    return order


def test_the_same_steps_do_the_same_each_time() -> None:
    """What hypothesis finds it must be able to replay."""
    orders = {order_of_retries() for _ in range(5)}
    assert [len(order) for order in orders] == [8]


def test_a_client_that_resets_in_the_middle_of_an_answer_takes_it_for_no_end() -> None:
    states = one_replica()
    states.client_asks(0, ["get"], 1000, True, connect=True)
    states.replica_answers(0, "until close", 60, 100, True)
    states.client_leaves(0, "reset", True, True)
    states.clients_get_their_own()
    states.teardown()
