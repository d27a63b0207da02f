"""The Universal Scalability Law: known coefficients are found again, and put into words."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scalability import Point, Scalability, fit, in_words

COUNTS = (1, 2, 4, 8, 16)


def points_of(law: Scalability) -> list[Point]:
    return [Point(count, law.throughput(count)) for count in COUNTS]


@pytest.mark.parametrize(
    ("sigma", "kappa"),
    [(0.0, 0.0), (0.05, 0.0), (0.3, 0.0), (0.02, 0.002), (0.1, 0.02), (0.6, 0.1)],
)
def test_known_coefficients_are_found(sigma: float, kappa: float) -> None:
    found = fit(points_of(Scalability(120.0, sigma, kappa)))
    assert found.lambda_ == pytest.approx(120.0, rel=1e-3)
    assert found.sigma == pytest.approx(sigma, abs=1e-3)
    assert found.kappa == pytest.approx(kappa, abs=1e-4)


@given(
    st.floats(0.1, 1e5), st.floats(0, 1), st.floats(0, 0.2),
    st.lists(st.floats(0.97, 1.03), min_size=5, max_size=5),
)  # fmt: skip
def test_a_fit_is_near_what_was_measured(
    lambda_: float, sigma: float, kappa: float, noise: list[float]
) -> None:
    law = Scalability(lambda_, sigma, kappa)
    noisy = [
        Point(one.replicas, one.throughput * factor)
        for one, factor in zip(points_of(law), noise, strict=True)
    ]
    found = fit(noisy)
    for point in noisy:
        assert found.throughput(point.replicas) == pytest.approx(point.throughput, rel=0.1)


def test_the_peak_is_where_throughput_is_highest() -> None:
    law = Scalability(100.0, 0.1, 0.01)
    assert law.peak == pytest.approx(math.sqrt(90))
    highest = max(range(1, 100), key=law.throughput)
    assert abs(highest - law.peak) <= 1
    assert law.ceiling >= law.throughput(highest)


def test_without_coherence_there_is_a_ceiling_and_no_peak() -> None:
    law = Scalability(100.0, 0.25, 0.0)
    assert (law.peak, law.ceiling) == (math.inf, 400.0)
    assert law.throughput(10**9) == pytest.approx(400.0)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="three different"):
        fit([Point(1, 10.0), Point(2, 20.0), Point(2, 21.0)])
    with pytest.raises(ValueError, match="throughput"):
        fit([Point(1, 10.0), Point(2, 0.0), Point(4, 21.0)])


def test_words_say_what_the_coefficients_mean() -> None:
    assert "It scales" in " ".join(in_words(Scalability(10.0, 0.001, 0.0), 8))
    contended = " ".join(in_words(Scalability(10.0, 0.2, 0.0), 8))
    assert "20% of the work waits" in contended
    assert "beyond 50 requests/s" in contended
    assert "about 5 replicas" in " ".join(in_words(Scalability(10.0, 0.1, 0.036), 8))
