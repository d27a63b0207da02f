"""Counters added up, and what went on between two states of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.core.histogram import Histogram

Counters = Mapping[str, Any]
"""Of one service or endpoint, as `Frontend.stats` and `Backend.stats` of the proxy give them."""

SHARES: Final = (0.5, 0.9, 0.99, 0.999)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Rates per second, percentiles in seconds (None without a request), totals so far."""

    requests_per_s: float
    errors_per_s: float
    """Answers 5xx."""
    error_ratio: float
    """Of all answers, from 0 to 1."""
    retries_per_s: float
    bytes_in_per_s: float
    bytes_out_per_s: float
    in_flight: int
    p50_s: float | None
    p90_s: float | None
    p99_s: float | None
    p999_s: float | None
    requests: int
    errors: int
    retries: int


def traffic(before: Counters, after: Counters, seconds: float) -> Traffic:
    """What happened in the `seconds` from `before` to `after`; both may be empty.

    A counter that went down began anew in between: all it has is new.
    """
    earlier, later = before.get("responses", {}), after.get("responses", {})
    answered = sum(_rise(earlier.get(code, 0), count) for code, count in later.items())
    failed = _rise(earlier.get("5xx", 0), later.get("5xx", 0))
    durations = Histogram.from_json(after.get("durations", {})).since(
        Histogram.from_json(before.get("durations", {}))
    )
    p50, p90, p99, p999 = durations.percentiles(SHARES)

    def rate(name: str) -> float:
        return _rise(before.get(name, 0), after.get(name, 0)) / seconds

    return Traffic(
        requests_per_s=answered / seconds,
        errors_per_s=failed / seconds,
        error_ratio=failed / answered if answered else 0.0,
        retries_per_s=rate("retries"),
        bytes_in_per_s=rate("bytes_in"),
        bytes_out_per_s=rate("bytes_out"),
        in_flight=after.get("in_flight", 0),
        p50_s=p50,
        p90_s=p90,
        p99_s=p99,
        p999_s=p999,
        requests=sum(later.values()),
        errors=later.get("5xx", 0),
        retries=after.get("retries", 0),
    )


def add_counters(total: dict[str, Any], part: Counters) -> None:
    """Add counters to counters, dict by dict: a histogram as JSON is a dict of counters, too."""
    for key, value in part.items():
        if isinstance(value, Mapping):
            add_counters(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + value


def _rise(before: int, after: int) -> int:
    return after - before if after >= before else after
