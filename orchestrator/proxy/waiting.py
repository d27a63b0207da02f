"""Requests that wait for a replica to have room: first come, first served.

While a service is asleep (0 replicas) they wait for its first one, and the controller is told.
Retries wait here too while as many as the retry budget allows are in flight. Envoy fails those;
but when a replica dies under load, all it had is sent again at once, and need not be lost.
"""

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING

from orchestrator.proxy.admission import may_retry
from orchestrator.proxy.ejection import passed_over
from orchestrator.proxy.numbers import waited
from orchestrator.proxy.replies import queue_full

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.exchange import Exchange
    from orchestrator.proxy.frontend import Frontend


class WaitingLine:
    """The queue of one frontend. Who waits longest gets the first replica it can use."""

    def __init__(self, frontend: "Frontend") -> None:
        self.exchanges: OrderedDict[Exchange, float] = OrderedDict()
        """Who waits, and since when, in the loop's seconds."""
        self._frontend = frontend
        self._loop = asyncio.get_running_loop()
        self._woken = False

    def join(self, exchange: "Exchange") -> None:
        """Wait at the end, or fail if the queue is full."""
        limits = self._frontend.listener.limits
        if len(self.exchanges) >= limits.queue:
            service = self._frontend.listener.service
            exchange.client.fail(exchange.failure or queue_full(service))
            return
        self.exchanges[exchange] = self._loop.time()
        exchange.expect_within(limits.queue_timeout_s)
        self.wake()

    def leave(self, exchange: "Exchange") -> None:
        """Wait no more."""
        waited(exchange, exchange.queued_s + self._loop.time() - self.exchanges.pop(exchange))

    def wake(self) -> None:
        """A replica may have room: hand it on as soon as what made the room is done."""
        if self.exchanges and self._frontend.asleep:
            self._tell_demand()
        if self.exchanges and not self._woken:
            self._woken = True
            self._loop.call_soon(self._hand_on)

    def _tell_demand(self) -> None:
        frontend = self._frontend
        if frontend.demand is not None:
            service = frontend.listener.service
            frontend.demand.waits(service, len(self.exchanges), self._loop.time())

    def _hand_on(self) -> None:
        self._woken = False
        for exchange in tuple(self.exchanges):
            room = self.pick(exchange)
            if room is None and self.may_wait(exchange):
                if not exchange.tried and not exchange.resent:
                    return  # Nobody behind could use a replica that this one cannot.
                continue
            self.leave(exchange)
            exchange.assign(room)

    def pick(self, exchange: "Exchange") -> "Backend | None":
        """Whose turn it is, of the replicas with room; a retry needs room in the budget, too.

        Replicas that are passed over get a request only if there are no others, busy or not.
        """
        frontend = self._frontend
        if exchange.resent and not may_retry(frontend):
            return None
        full = [b for b in frontend.backends if b.in_flight >= frontend.concurrency > 0]
        backend = exchange.pick(full)
        if backend is None or not full:
            return backend
        shunned = passed_over(frontend)
        if backend in shunned and any(b not in shunned and b not in exchange.tried for b in full):
            return None
        return backend

    def may_wait(self, exchange: "Exchange") -> bool:
        """Whether a replica that could serve it may come to have room."""
        frontend = self._frontend
        return frontend.asleep or any(b not in exchange.tried for b in frontend.backends)
