"""Histograms against exact arithmetic on the same durations."""

import json
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.histogram import (
    LAST_BUCKET,
    LEAST_S,
    MOST_S,
    RELATIVE_ERROR,
    Histogram,
    bucket_of,
    middle_of,
)

DURATIONS = st.lists(st.floats(LEAST_S, MOST_S, exclude_max=True), min_size=1, max_size=200)
SHARES = (0.5, 0.9, 0.99, 0.999, 1.0)


def of(durations: list[float]) -> Histogram:
    histogram = Histogram()
    for duration in durations:
        histogram.record(duration)
    return histogram


def exact(durations: list[float], share: float) -> float:
    """By nearest rank."""
    return sorted(durations)[max(1, ceil(share * len(durations))) - 1]


@given(DURATIONS)
def test_percentiles_are_exact_enough(durations: list[float]) -> None:
    found = of(durations).percentiles(SHARES)
    for share, value in zip(SHARES, found, strict=True):
        assert value == pytest.approx(exact(durations, share), rel=RELATIVE_ERROR)


@given(st.lists(st.floats(-1.0, 2 * MOST_S) | st.floats(LEAST_S, 1.0), max_size=200))
def test_counts_of_all_buckets_say_the_same(durations: list[float]) -> None:
    counts = [0] * (LAST_BUCKET + 1)
    for duration in durations:
        counts[bucket_of(duration)] += 1
    listed, singly = Histogram.of(counts, sum(durations)), of(durations)
    assert listed.buckets == singly.buckets
    assert listed.sum_s == pytest.approx(singly.sum_s)


@given(st.integers(0, LAST_BUCKET))
def test_the_middle_of_a_bucket_lies_in_it(bucket: int) -> None:
    assert bucket_of(middle_of(bucket)) == bucket


@given(st.floats(LEAST_S, MOST_S), st.floats(LEAST_S, MOST_S))
def test_longer_durations_are_in_no_lower_bucket(one: float, other: float) -> None:
    assert bucket_of(min(one, other)) <= bucket_of(max(one, other))


def test_both_ends() -> None:
    assert bucket_of(LEAST_S) == bucket_of(0.0) == bucket_of(-1.0) == 0
    assert bucket_of(MOST_S * (1 - 1e-9)) == bucket_of(MOST_S) == bucket_of(1e9) == LAST_BUCKET


@given(DURATIONS, DURATIONS)
def test_histograms_add_up(first: list[float], second: list[float]) -> None:
    both = of(first)
    both.add(of(second))
    assert both.buckets == of(first + second).buckets
    assert both.sum_s == pytest.approx(sum(first + second))
    assert both.total == len(first) + len(second)


@given(DURATIONS, DURATIONS)
def test_what_came_after(first: list[float], second: list[float]) -> None:
    new = of(first + second).since(of(first))
    assert new.buckets == of(second).buckets
    assert new.sum_s == pytest.approx(sum(second), rel=1e-6, abs=1e-6)


def test_counting_that_began_anew_is_all_new() -> None:
    assert of([0.5]).since(of([0.1, 0.2])).buckets == of([0.5]).buckets


@given(DURATIONS)
def test_json_and_back(durations: list[float]) -> None:
    histogram = of(durations)
    again = Histogram.from_json(json.loads(json.dumps(histogram.to_json())))
    assert again.buckets == histogram.buckets
    assert again.sum_s == histogram.sum_s


def test_only_buckets_in_use_take_room() -> None:
    assert of([0.001] * 1000).to_json()["buckets"] == {str(bucket_of(0.001)): 1000}


def test_bounds() -> None:
    assert of([0.001, 0.002, 0.2, 3.0]).up_to((0.0015, 0.1, 1.0, 10.0)) == [1, 2, 3, 4]


def test_of_nothing() -> None:
    assert Histogram().percentiles((0.5, 0.99)) == [None, None]
    assert Histogram().total == 0
    assert Histogram.from_json({}).buckets == {}
