"""What a request leaves behind once it is over: numbers, and a line in the access log."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Final

from orchestrator.core.histogram import bucket_of

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.exchange import Exchange
    from orchestrator.proxy.frontend import Frontend

CLIENT_GONE: Final = 499
"""nginx's status for a client that left before its answer began. For logs: nobody gets it."""
TUNNEL: Final = 101
BATCH: Final = 128
"""So many requests are counted in a row: all numbers take 5% of a request's CPU, one by one 6%."""

Over = tuple["Backend | None", int, float, int, int]
"""A request that is over: the replica that answered it, if one did (answers of our own are counted
when they are given), status, seconds, bytes in and out."""


def ended(exchange: "Exchange") -> None:
    """Note a request that is over, however it ended, and log it where that is wanted.

    The service's time runs from the end of the request's head to the end of the response; the
    replica's from the moment the request was last meant for it. Tunnels have no such time.
    """
    now = perf_counter()
    took_s = now - exchange.started
    frontend = exchange.client.frontend
    backend = exchange.backend if exchange.reply_started else None
    if exchange.retries or exchange.queued_s or exchange.status == TUNNEL:
        _count_special(exchange, backend, took_s, now - exchange.sent_at)
    else:
        over = frontend.over
        over.append((backend, exchange.status, took_s, exchange.bytes_in, exchange.bytes_out))
        if len(over) >= BATCH:
            count_over(frontend)
    if frontend.access_log is not None:
        frontend.access_log.log(exchange, took_s, now)


def count_over(frontend: "Frontend") -> None:
    """Count the requests that were only noted so far."""
    over, frontend.over = frontend.over, []
    durations = frontend.durations
    for backend, status, took_s, bytes_in, bytes_out in over:
        bucket = bucket_of(took_s)
        frontend.bytes_in += bytes_in
        frontend.bytes_out += bytes_out
        durations.count(bucket, took_s)
        if backend is not None:
            frontend.responses[status // 100] += 1
            backend.responses[status // 100] += 1
            backend.bytes_in += bytes_in
            backend.bytes_out += bytes_out
            backend.durations.count(bucket, took_s)


def _count_special(
    exchange: "Exchange", backend: "Backend | None", took_s: float, replica_s: float
) -> None:
    """A tunnel, which has no time; or a request that was sent twice or had to wait: the replica
    is charged for its part."""
    frontend = exchange.client.frontend
    frontend.bytes_in += exchange.bytes_in
    frontend.bytes_out += exchange.bytes_out
    if exchange.queued_s:
        frontend.queue_times.record(exchange.queued_s)
    if exchange.status != TUNNEL:
        frontend.durations.record(took_s)
    if backend is not None:
        backend.bytes_in += exchange.bytes_in
        backend.bytes_out += exchange.bytes_out
        if exchange.status != TUNNEL:
            frontend.responses[exchange.status // 100] += 1
            backend.responses[exchange.status // 100] += 1
            backend.durations.record(replica_s)


def waited(exchange: "Exchange", seconds: float) -> None:
    """The exchange leaves a queue, to go to a replica now."""
    exchange.queued_s = seconds
    exchange.sent_at = perf_counter()


def by_class(counts: Sequence[int]) -> dict[str, int]:
    """Counts by first digit of the status → `{"1xx": …, "5xx": …}`."""
    return {f"{digit}xx": count for digit, count in enumerate(counts) if digit}
