"""One endpoint as a worker sees it: its idle connections, its requests in flight, its counters."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final, Protocol, cast

from orchestrator.core.histogram import Histogram
from orchestrator.core.outliers import Record
from orchestrator.model.snapshot import Endpoint
from orchestrator.proxy.backpressure import Holdable
from orchestrator.proxy.clock import Clock
from orchestrator.proxy.log_words import way
from orchestrator.proxy.syntax import END_OF_HEAD
from orchestrator.proxy.tally import Tally, by_class
from orchestrator.proxy.upstream import UpstreamConnection

# Less than the 5 s after which Node.js and uvicorn close an idle connection: closing first avoids
# the race of a request against that close.
IDLE_TIMEOUT_S: Final = 4.0
MAX_IDLE: Final = 256
# How long an endpoint that refused a connection is passed over while others can serve.
SUSPECT_S: Final = 2.0


class Caller(Protocol):
    """Who asks for a connection: an exchange, or a session of TCP mode."""

    def connected(self, upstream: Any) -> None:
        """It is there."""

    def connect_failed(self, error: OSError) -> None:
        """It did not come about."""

    def reroute(self) -> None:
        """The endpoint was taken away meanwhile."""


class Backend(Tally):
    """Runs requests on one endpoint. `removed` once no snapshot names it any more."""

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        on_suspect: Callable[["Backend", str], None],
        on_drained: Callable[["Backend"], None],
    ) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.clock = clock
        self.replica_line = f"\r\nX-Replica: {endpoint.label}".encode()
        self.replica_line_and_end = self.replica_line + END_OF_HEAD
        self.straight_way = way(endpoint.label)  # for the access log
        self.idle: list[UpstreamConnection] = []
        self.in_flight = 0
        self.removed = False
        self.suspect_until = 0.0
        self.record = Record()
        self.requests = self.connect_failures = self.resets = self.timeouts = self.retries = 0
        self.connect_times = Histogram()
        self.connect_s = 0.0  # what the newest connection took
        self.ejections = 0
        self._on_suspect = on_suspect
        self._on_drained = on_drained
        self._connecting: dict[Caller, asyncio.Task[None]] = {}

    def begin(self) -> None:
        """One more request in flight."""
        self.requests += 1
        self.in_flight += 1

    def end(self) -> None:
        """One less; the last one of a removed endpoint drains it."""
        self.in_flight -= 1
        if self.removed and not self.in_flight:
            self._on_drained(self)

    def connect(self, caller: Caller, protocol: Callable[[], Holdable] | None = None) -> None:
        """Open a connection and tell the caller how that went. `protocol`: HTTP's, if not given."""
        make = protocol or (lambda: UpstreamConnection(self))
        connecting = self._connect(caller, cast(Callable[[], asyncio.Protocol], make))
        self._connecting[caller] = asyncio.get_running_loop().create_task(connecting)

    def give_up(self, caller: Caller) -> None:
        """Open it no more, and tell nobody."""
        self._connecting.pop(caller).cancel()

    async def _connect(self, caller: Caller, make: Callable[[], asyncio.Protocol]) -> None:
        loop = asyncio.get_running_loop()
        began = perf_counter()
        try:
            _, upstream = await loop.create_connection(make, self.endpoint.host, self.endpoint.port)
        except OSError as error:
            del self._connecting[caller]
            caller.connect_failed(error)
        else:
            del self._connecting[caller]
            self.connect_s = perf_counter() - began
            self.connect_times.record(self.connect_s)
            caller.connected(upstream)

    def release(self, upstream: UpstreamConnection) -> None:
        """Keep a connection for the next request."""
        if self.removed or len(self.idle) >= MAX_IDLE:
            upstream.transport.close()
        else:
            upstream.idle_until = self.clock.now + IDLE_TIMEOUT_S
            self.idle.append(upstream)

    def suspect(self, why: str) -> None:
        """Pass it over for a while and have the controller look at it; once in that while."""
        if self.suspect_until <= self.clock.now:
            self.suspect_until = self.clock.now + SUSPECT_S
            self._on_suspect(self, why)

    def eject(self, why: str) -> None:
        """Pass it over as long as its record says, and have the controller look at it."""
        self.ejections += 1
        self._on_suspect(self, why)

    def remove(self) -> None:
        """Take no new requests; what was sent goes on, what was not goes elsewhere."""
        for caller in tuple(self._connecting):
            caller.reroute()
        self.removed = True  # Only now: the last to be rerouted must not say that it has drained.
        for upstream in self.idle:
            upstream.transport.close()
        self.idle.clear()
        if not self.in_flight:
            self._on_drained(self)

    def sweep(self, now: float) -> None:
        """Close connections that were idle for too long: the oldest are at the front."""
        overdue = 0
        for upstream in self.idle:
            if upstream.idle_until > now:
                break
            upstream.transport.close()
            overdue += 1
        del self.idle[:overdue]

    def stats(self) -> dict[str, Any]:
        """Counters since the endpoint was first seen, and the gauge `in_flight`.

        `requests` were sent to it, retries included; `responses` came from it. `bytes_in`,
        `bytes_out` and `durations` (`Histogram.to_json`) are of requests that it answered.
        """
        return {
            "requests": self.requests,
            "responses": by_class(self.responses),
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "durations": self.durations.to_json(),
            "connect_times": self.connect_times.to_json(),
            "in_flight": self.in_flight,
            "connect_failures": self.connect_failures,
            "resets": self.resets,
            "timeouts": self.timeouts,
            "retries": self.retries,
            "ejections": self.ejections,
        }
