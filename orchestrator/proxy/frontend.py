"""One service as a worker sees it: whose turn it is, and the clients connected to it."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from orchestrator.core.histogram import Histogram
from orchestrator.core.ratelimit import RateLimiter
from orchestrator.model.snapshot import Listener
from orchestrator.proxy.admission import limiter
from orchestrator.proxy.backend import Backend
from orchestrator.proxy.clock import Clock
from orchestrator.proxy.ejection import passed_over
from orchestrator.proxy.exchange import Exchange
from orchestrator.proxy.header_rules import edit_of
from orchestrator.proxy.redirects import Redirects
from orchestrator.proxy.selection import Selection
from orchestrator.proxy.sticky import Sticky
from orchestrator.proxy.tally import Tally, by_class
from orchestrator.proxy.target import prefix_of
from orchestrator.proxy.waiting import WaitingLine

if TYPE_CHECKING:
    import ssl

    from orchestrator.proxy.client import ClientConnection
    from orchestrator.proxy.demand import Demand
    from orchestrator.proxy.keys import Caller
    from orchestrator.proxy.log_formats import AccessLog
    from orchestrator.proxy.port import Port
    from orchestrator.proxy.request_head import RequestHead
    from orchestrator.proxy.tcp import Session


class Frontend(Tally):
    """A listener of the snapshot, live. `closing`: each connection ends with its response.

    `port`: where its clients' requests may be for others too; None where all are its own.
    """

    def __init__(self, listener: Listener, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.closing = False
        self.port: Port | None = None
        self.clients: set[ClientConnection | Session] = set()
        self.access_log: AccessLog | None = None
        self.tls: ssl.SSLContext | None = None
        self.handshakes = 0  # of TLS, under way
        self.demand: Demand | None = None
        self.own_responses = [0] * 6  # those that no replica gave
        self.queue_times = Histogram()
        self.retries = 0
        self.in_flight = 0  # requests at replicas
        self.retrying = 0  # of them, those sent a second time
        self.turned_away: set[ClientConnection] = set()
        # What the newest client said first: its `forwarded_lines` and head.
        self.last_head: tuple[bytes, RequestHead | None] = (b"", None)
        self.listener = listener
        self.rates: RateLimiter | None = None
        self.line = WaitingLine(self)
        self.authority = f"{listener.host}:{listener.port}".encode()
        self._selection = Selection(listener.balancing, (), clock.now)
        self.configure(listener, ())

    def configure(self, listener: Listener, backends: tuple[Backend, ...]) -> None:
        """Follow a new snapshot: the next request sees it, whole."""
        self.rates = limiter(listener.limits, self.listener.limits, self.rates)
        self.listener = listener
        self.max_requests = listener.limits.max_requests
        self.request_timeout_s = listener.request_timeout_s
        self.response_timeout_s = listener.response_timeout_s
        self.idle_timeout_s = listener.idle_timeout_s
        self.replica_header = listener.replica_header
        self.concurrency = listener.limits.concurrency
        self.asleep = listener.asleep and not self.closing
        self.may_queue = self.concurrency > 0 or self.asleep
        self.request_edit = edit_of(listener.request_headers)
        self.response_edit = edit_of(listener.response_headers)
        self.redirects = Redirects(listener.redirects) if listener.redirects else None
        self.prefix = prefix_of(listener)
        self.backends = backends
        before = self._selection
        # Not the listener's endpoints: one that closes keeps them, and has no backends any more.
        endpoints = tuple(backend.endpoint for backend in backends)
        if (before.balancing, before.endpoints) != (listener.balancing, endpoints):
            self._selection = Selection(listener.balancing, backends, self.clock.now, before)
        cookie = listener.balancing.sticky_cookie
        self._sticky = Sticky(cookie, backends) if cookie else None
        self.suspects: set[Backend] = set(backends)
        passed_over(self)
        self.line.wake()

    def pick(
        self, tried: Collection[object] = (), caller: "Caller | None" = None
    ) -> Backend | None:
        """Who takes the next request: not a tried one, a suspect only if there is no other."""
        if self.suspects:
            passed = passed_over(self).union(tried)
            return self._chosen(passed, caller) or self._chosen(tried, caller)
        if self._sticky is None:
            return self._selection.pick(tried, caller)
        return self._chosen(tried, caller)

    def _chosen(self, exclude: Collection[object], caller: "Caller | None") -> Backend | None:
        if self._sticky is None or not isinstance(caller, Exchange):
            return self._selection.pick(exclude, caller)
        backend = self._sticky.wanted(caller, exclude)
        caller.cookie_line = b""
        if backend is None and (backend := self._selection.pick(exclude, caller)):
            caller.cookie_line = self._sticky.line(backend)
        return backend

    @property
    def load(self) -> int:
        """Requests at replicas or waiting for one."""
        return self.in_flight + len(self.line.exchanges)

    @property
    def crowded(self) -> bool:
        """Whether there are more clients than may be, those not counted that are sent away."""
        clients = len(self.clients) - len(self.turned_away)
        return clients > self.listener.limits.max_connections

    def hand_over(self, other: "Frontend") -> None:
        """Have the clients without a request be another's; the rest go with their next request."""
        for client in tuple(self.clients):
            client.move_if_idle(other)

    def close_idle(self) -> None:
        """End the connections without a request; the others end with their response."""
        self.closing = True
        self.asleep = False  # Nobody will wake it: who waits is told so.
        self.line.wake()
        for client in tuple(self.clients):
            client.close_if_idle()

    def sweep(self, now: float) -> None:
        """Act on clients and suspects whose time is over, and on replicas that warm up."""
        self._selection.warm_up(now)
        overdue = [client for client in self.clients if client.deadline <= now]
        for client in overdue:
            client.expire()
        self.line.wake()

    def stats(self) -> dict[str, Any]:
        """Counters since the listener was first seen; gauges `connections`, `queued`, `in_flight`.

        `bytes_in` is what clients sent, `bytes_out` what was sent to them, heads included, of
        requests that are over; `durations` and `queue_times` are `Histogram.to_json`.
        """
        return {
            "responses": by_class(self.responses),
            "own_responses": by_class(self.own_responses),
            "retries": self.retries,
            "connections": len(self.clients),
            "queued": len(self.line.exchanges),
            "in_flight": sum(backend.in_flight for backend in self.backends),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "durations": self.durations.to_json(),
            "queue_times": self.queue_times.to_json(),
        }
