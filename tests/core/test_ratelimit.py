"""Token buckets: never more than the burst plus the rate, and what is over is told when to come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.ratelimit import RateLimiter

rates = st.floats(0.1, 1000)
bursts = st.integers(1, 50)
pauses = st.lists(st.floats(0, 5), min_size=1, max_size=60)


def test_a_burst_then_the_rate() -> None:
    limiter = RateLimiter(per_s=2, burst=3)
    assert [limiter.take("a", 100.0) for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]
    assert limiter.take("a", 100.4) == pytest.approx(0.1)
    assert limiter.take("a", 100.5) == 0
    assert limiter.take("a", 100.5) == pytest.approx(0.5)


def test_clients_do_not_share() -> None:
    limiter = RateLimiter(per_s=1, burst=1)
    assert limiter.take("a", 1.0) == 0
    assert limiter.take("b", 1.0) == 0
    assert limiter.take("a", 1.0) > 0


def test_full_buckets_are_forgotten() -> None:
    limiter = RateLimiter(per_s=1, burst=1)
    for number in range(100):
        limiter.take(f"early {number}", 1.0)
    for number in range(100):
        limiter.take(f"late {number}", 10.0)
    assert len(limiter) == 100


def test_the_longest_unseen_of_too_many_is_forgotten() -> None:
    limiter = RateLimiter(per_s=0.001, burst=1, max_clients=2)
    assert [limiter.take(client, 1.0) for client in "abc"] == [0, 0, 0]
    assert len(limiter) == 2
    assert limiter.take("c", 1.0) > 0
    assert limiter.take("a", 1.0) == 0


@given(rates, bursts, pauses)
def test_never_more_than_burst_and_rate(per_s: float, burst: int, pauses: list[float]) -> None:
    limiter, now, passed = RateLimiter(per_s, burst), 1000.0, 0
    for pause in pauses:
        now += pause
        passed += limiter.take("a", now) == 0
    assert passed <= burst + per_s * (now - 1000.0 - pauses[0]) + 0.001


@given(rates, bursts, pauses)
def test_who_waits_as_told_is_let_through(per_s: float, burst: int, pauses: list[float]) -> None:
    limiter, now = RateLimiter(per_s, burst), 1000.0
    for pause in pauses:
        now += pause / per_s
        wait_s = limiter.take("a", now)
        now += wait_s
        assert wait_s == 0 or limiter.take("a", now) == 0


@given(
    rates, bursts, st.lists(st.tuples(st.sampled_from("abcdefgh"), st.floats(0, 2)), max_size=80)
)
def test_memory_is_bounded(per_s: float, burst: int, requests: list[tuple[str, float]]) -> None:
    limiter, now = RateLimiter(per_s, burst, max_clients=3), 1000.0
    for client, pause in requests:
        now += pause
        limiter.take(client, now)
        assert len(limiter) <= 3
