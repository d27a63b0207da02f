"""What a request leaves behind once it is over: numbers, and a line in the access log."""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Final

from orchestrator.core.histogram import bucket_of

if TYPE_CHECKING:
    from orchestrator.proxy.exchange import Exchange

CLIENT_GONE: Final = 499
"""nginx's status for a client that left before its answer began. For logs: nobody gets it."""


def ended(exchange: "Exchange") -> None:
    """Count a request that is over, however it ended, and log it where that is wanted.

    The service's time runs from the end of the request's head to the end of the response; the
    replica's from the moment the request was last meant for it. Tunnels have no such time.
    """
    now = perf_counter()
    took_s = now - exchange.started
    frontend = exchange.client.frontend
    frontend.bytes_in += exchange.bytes_in
    frontend.bytes_out += exchange.bytes_out
    if exchange.reply_started:
        exchange.backend.bytes_in += exchange.bytes_in
        exchange.backend.bytes_out += exchange.bytes_out
    if exchange.status != 101:
        bucket = bucket_of(took_s)
        frontend.durations.count(bucket, took_s)
        if exchange.retries or exchange.queued_s:
            _count_detour(exchange, now - exchange.sent_at)
        elif exchange.reply_started:
            exchange.backend.durations.count(bucket, took_s)
    if frontend.access_log is not None:
        frontend.access_log.log(exchange, took_s)


def _count_detour(exchange: "Exchange", replica_s: float) -> None:
    """A request that was sent twice or had to wait: the replica is charged for its part."""
    if exchange.queued_s:
        exchange.client.frontend.queue_times.record(exchange.queued_s)
    if exchange.reply_started:
        exchange.backend.durations.record(replica_s)


def waited(exchange: "Exchange", seconds: float) -> None:
    """The exchange leaves a queue, to go to a replica now."""
    exchange.queued_s = seconds
    exchange.sent_at = perf_counter()


def by_class(counts: Sequence[int]) -> dict[str, int]:
    """Counts by first digit of the status → `{"1xx": …, "5xx": …}`."""
    return {f"{digit}xx": count for digit, count in enumerate(counts) if digit}
