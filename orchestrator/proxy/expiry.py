"""An exchange whose time is over: whose fault that is, and what the client is told."""

import errno
from typing import TYPE_CHECKING

from orchestrator.proxy.ejection import report_failure
from orchestrator.proxy.replies import (
    client_silent,
    none_came,
    overdue,
    queue_timeout,
    replica_silent,
)

if TYPE_CHECKING:
    from orchestrator.proxy.exchange import Exchange


def expire(exchange: "Exchange") -> None:
    """No time left."""
    client, frontend = exchange.client, exchange.client.frontend
    if exchange.queued:
        frontend.line.leave(exchange)
        late = none_came if frontend.asleep else queue_timeout
        client.fail(exchange.failure or late(frontend.listener.service))
    elif 0 < exchange.ends_at <= frontend.clock.now:
        _overrun(exchange)
    elif exchange.connecting:
        exchange.backend.give_up(exchange)
        exchange.connect_failed(TimeoutError(errno.ETIMEDOUT, "connect timed out"))
    else:
        _silent(exchange)


def _overrun(exchange: "Exchange") -> None:
    """The request has had its time. Nobody's fault: a slow client may have used it up."""
    if exchange.connecting:
        exchange.backend.give_up(exchange)
    exchange.cut()
    exchange.give_up(overdue(exchange.client.frontend.listener.service))


def _silent(exchange: "Exchange") -> None:
    """Nothing came: from the client, if that was to be next, or else from the replica."""
    backend = exchange.cut()
    if exchange.client.stalls:
        exchange.give_up(client_silent())
        return
    backend.timeouts += 1
    report_failure(exchange.client.frontend, backend, "no answer in time")
    exchange.give_up(replica_silent(backend.endpoint.label))
