"""What a request leaves behind once it is over: numbers, and a line in the access log."""

from time import perf_counter
from typing import TYPE_CHECKING, Final

from orchestrator.core.histogram import bucket_of

if TYPE_CHECKING:
    from orchestrator.proxy.exchange import Exchange

CLIENT_GONE: Final = 499
"""nginx's status for a client that left before its answer began. For logs: nobody gets it."""
TUNNEL: Final = 101


def ended(exchange: "Exchange") -> None:
    """Note a request that is over, however it ended, and log it where that is wanted.

    The service's time runs from the end of the request's head to the end of the response; the
    replica's from the moment the request was last meant for it. Tunnels have no such time.
    """
    now = perf_counter()
    took_s = now - exchange.started
    frontend = exchange.client.frontend
    backend = None
    if exchange.detour or not exchange.reply_started:
        _count_special(exchange, took_s, now - exchange.sent_at)
    else:
        backend = exchange.backend
        status, bucket = exchange.status, bucket_of(took_s)
        frontend.count(status, took_s, bucket, exchange.bytes_in, exchange.bytes_out)
        backend.count(status, took_s, bucket, exchange.bytes_in, exchange.bytes_out)
    log = frontend.access_log
    if log is not None:
        log.note(exchange, backend, took_s, now)


def _count_special(exchange: "Exchange", took_s: float, replica_s: float) -> None:
    """A tunnel, which has no time; a request that had to wait or was sent twice: the replica is
    charged for its part; or one that no replica answered: what was said instead is counted."""
    frontend = exchange.client.frontend
    frontend.bytes_in += exchange.bytes_in
    frontend.bytes_out += exchange.bytes_out
    if exchange.queued_s:
        frontend.queue_times.record(exchange.queued_s)
    if exchange.status != TUNNEL:
        frontend.count_duration(took_s)
    if exchange.reply_started:
        backend = exchange.backend
        backend.bytes_in += exchange.bytes_in
        backend.bytes_out += exchange.bytes_out
        if exchange.status != TUNNEL:
            frontend.count_response(exchange.status)
            backend.count_response(exchange.status)
            backend.count_duration(replica_s)
    elif not exchange.status:
        exchange.status = CLIENT_GONE


def waited(exchange: "Exchange", seconds: float) -> None:
    """The exchange leaves a queue, to go to a replica now."""
    exchange.queued_s = seconds
    exchange.detour = True
    exchange.sent_at = perf_counter()
