"""One service as a worker sees it: whose turn it is, and the clients connected to it."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from orchestrator.core.balancing import RoundRobin
from orchestrator.core.ratelimit import RateLimiter
from orchestrator.model.snapshot import Listener
from orchestrator.proxy.admission import limiter
from orchestrator.proxy.backend import Backend
from orchestrator.proxy.clock import Clock
from orchestrator.proxy.ejection import passed_over
from orchestrator.proxy.waiting import WaitingLine

if TYPE_CHECKING:
    from orchestrator.proxy.client import ClientConnection


class Frontend:
    """A listener of the snapshot, live. `closing`: each connection ends with its response."""

    def __init__(self, listener: Listener, clock: Clock) -> None:
        self.clock = clock
        self.closing = False
        self.clients: set[ClientConnection] = set()
        self.responses = [0] * 6
        self.retries = 0
        self.in_flight = 0  # requests at replicas
        self.retrying = 0  # of them, those sent a second time
        self.turned_away: set[ClientConnection] = set()
        self.listener = listener
        self.rates: RateLimiter | None = None
        self.line = WaitingLine(self)
        self.authority = f"{listener.host}:{listener.port}".encode()
        self.configure(listener, ())

    def configure(self, listener: Listener, backends: tuple[Backend, ...]) -> None:
        """Follow a new snapshot: the next request sees it, whole."""
        self.rates = limiter(listener.limits, self.listener.limits, self.rates)
        self.listener = listener
        self.max_requests = listener.limits.max_requests
        self.request_timeout_s = listener.request_timeout_s
        self.concurrency = listener.limits.concurrency
        self.backends = backends
        self._balancer = RoundRobin(backends, [b.endpoint.weight for b in backends])
        self.suspects: set[Backend] = set(backends)
        passed_over(self)
        self.line.wake()

    def pick(self, tried: Collection[object] = ()) -> Backend | None:
        """Who takes the next request: not a tried one, a suspect only if there is no other."""
        if not self.suspects:
            return self._balancer.pick(tried)
        return self._balancer.pick(passed_over(self).union(tried)) or self._balancer.pick(tried)

    @property
    def load(self) -> int:
        """Requests at replicas or waiting for one."""
        return self.in_flight + len(self.line.exchanges)

    @property
    def crowded(self) -> bool:
        """Whether there are more clients than may be, those not counted that are sent away."""
        clients = len(self.clients) - len(self.turned_away)
        return clients > self.listener.limits.max_connections

    def close_idle(self) -> None:
        """End the connections without a request; the others end with their response."""
        self.closing = True
        for client in tuple(self.clients):
            client.close_if_idle()

    def sweep(self, now: float) -> None:
        """Act on clients whose time is over, and on suspects whose time is."""
        overdue = [client for client in self.clients if client.deadline <= now]
        for client in overdue:
            client.expire()
        self.line.wake()

    def stats(self) -> dict[str, Any]:
        """Responses sent by status class, retries and connections."""
        classes = {f"{code}xx": count for code, count in enumerate(self.responses) if code}
        return {
            "responses": classes,
            "retries": self.retries,
            "connections": len(self.clients),
            "queued": len(self.line.exchanges),
        }
