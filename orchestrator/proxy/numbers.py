"""What a request leaves behind once it is over: numbers, and a line in the access log."""

from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from orchestrator.core.histogram import Histogram

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.exchange import Exchange
    from orchestrator.proxy.frontend import Frontend

CLIENT_GONE: Final = 499
"""nginx's status for a client that left before its answer began. For logs: nobody gets it."""
TUNNEL: Final = 101
BATCH: Final = 1024
"""So many requests to a replica are counted together, by column: 2% of a request's CPU, where 128
at a time take 4%. Counting so many takes 0.2 ms."""

Over = list[Any]
"""Requests that are over and not yet counted, flat, for memory that is used again at once: status,
seconds, bytes in and out of the first, of the second, …"""
_FIELDS: Final = 4
_FULL: Final = BATCH * _FIELDS


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
        over = frontend.over[backend]
        over += (exchange.status, took_s, exchange.bytes_in, exchange.bytes_out)
        if len(over) >= _FULL:
            _count(frontend, backend, over)
    log = frontend.access_log
    if log is not None:
        log.note(exchange, backend, took_s, now)


def count_over(frontend: "Frontend") -> None:
    """Count the requests that were only noted so far."""
    while frontend.over:
        _count(frontend, *frontend.over.popitem())


def _count(frontend: "Frontend", backend: "Backend", over: Over) -> None:
    statuses, times, bytes_in, bytes_out = (over[at::_FIELDS] for at in range(_FIELDS))
    over.clear()
    durations, by_status = Histogram.of(times), Counter(statuses)
    all_in, all_out = sum(bytes_in), sum(bytes_out)
    for one in (frontend, backend):
        one.bytes_in += all_in
        one.bytes_out += all_out
        one.durations.add(durations)
        for status, count in by_status.items():
            one.responses[status // 100] += count


def _count_special(exchange: "Exchange", took_s: float, replica_s: float) -> None:
    """A tunnel, which has no time; a request that had to wait or was sent twice: the replica is
    charged for its part; or one that no replica answered: what was said instead is counted."""
    frontend = exchange.client.frontend
    frontend.bytes_in += exchange.bytes_in
    frontend.bytes_out += exchange.bytes_out
    if exchange.queued_s:
        frontend.queue_times.record(exchange.queued_s)
    if exchange.status != TUNNEL:
        frontend.durations.record(took_s)
    if exchange.reply_started:
        backend = exchange.backend
        backend.bytes_in += exchange.bytes_in
        backend.bytes_out += exchange.bytes_out
        if exchange.status != TUNNEL:
            frontend.responses[exchange.status // 100] += 1
            backend.responses[exchange.status // 100] += 1
            backend.durations.record(replica_s)
    elif not exchange.status:
        exchange.status = CLIENT_GONE


def waited(exchange: "Exchange", seconds: float) -> None:
    """The exchange leaves a queue, to go to a replica now."""
    exchange.queued_s = seconds
    exchange.detour = True
    exchange.sent_at = perf_counter()


def by_class(counts: Sequence[int]) -> dict[str, int]:
    """Counts by first digit of the status → `{"1xx": …, "5xx": …}`."""
    return {f"{digit}xx": count for digit, count in enumerate(counts) if digit}
