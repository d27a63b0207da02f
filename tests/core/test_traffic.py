"""Rates from two states of counters."""

from typing import Any

import pytest

from orchestrator.core.histogram import Histogram
from orchestrator.core.traffic import add_counters, traffic


def counters(ok: int, failed: int, durations: list[float], **fields: Any) -> dict[str, Any]:
    histogram = Histogram()
    for duration in durations:
        histogram.record(duration)
    responses = {"2xx": ok, "5xx": failed}
    return {"responses": responses, "durations": histogram.to_json(), **fields}


def test_rates_are_of_the_time_between() -> None:
    before = counters(100, 5, [9.0] * 105, retries=2, bytes_in=10, bytes_out=1000)
    after = counters(
        128, 7, [9.0] * 105 + [0.01] * 29 + [1.0], retries=3, bytes_in=20, bytes_out=4000,
        in_flight=4,
    )  # fmt: skip
    found = traffic(before, after, 2.0)
    assert (found.requests_per_s, found.errors_per_s, found.retries_per_s) == (15.0, 1.0, 0.5)
    assert found.error_ratio == pytest.approx(2 / 30)
    assert (found.bytes_in_per_s, found.bytes_out_per_s, found.in_flight) == (5.0, 1500.0, 4)
    assert found.p50_s == pytest.approx(0.01, rel=0.02)
    assert found.p99_s == found.p999_s == pytest.approx(1.0, rel=0.02)
    assert (found.requests, found.errors, found.retries) == (135, 7, 3)


def test_counters_that_began_anew_are_all_new() -> None:
    found = traffic(counters(100, 0, [0.1] * 100), counters(3, 1, [0.2] * 4), 1.0)
    assert (found.requests_per_s, found.errors_per_s) == (4.0, 1.0)
    assert found.p50_s == pytest.approx(0.2, rel=0.02)


def test_of_what_was_never_counted() -> None:
    found = traffic({}, {}, 1.0)
    assert (found.requests_per_s, found.error_ratio, found.in_flight) == (0.0, 0.0, 0)
    assert found.p50_s is None


def test_counters_add_up() -> None:
    total: dict[str, Any] = {}
    for part in (counters(1, 0, [0.1], retries=1), counters(2, 1, [0.1, 5.0], connections=3)):
        add_counters(total, part)
    assert total["responses"] == {"2xx": 3, "5xx": 1}
    assert (total["retries"], total["connections"]) == (1, 3)
    assert Histogram.from_json(total["durations"]).total == 3
    assert total["durations"]["sum_s"] == pytest.approx(5.2)
