"""Who is ejected, for how long, and when that is ignored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.outliers import FORGIVE_S, Record, ejection_s, may_eject, panics
from orchestrator.model.snapshot import Outliers

RULES = Outliers(consecutive_failures=3, base_ejection_s=5.0, max_ejection_s=12.0)

percents = st.integers(0, 100)


def fail(record: Record, times: int, now: float, rules: Outliers = RULES) -> list[bool]:
    return [record.fail(rules, 0, 4, now) for _ in range(times)]


def test_the_third_failure_in_a_row_ejects_for_the_base_time() -> None:
    record = Record()
    assert fail(record, 3, now=100.0) == [False, False, True]
    assert record.ejected_until == 105.0


def test_each_ejection_lasts_longer_up_to_the_longest() -> None:
    record, now, lengths = Record(), 100.0, []
    for _ in range(4):
        assert fail(record, 3, now)[-1]
        lengths.append(record.ejected_until - now)
        now = record.ejected_until
    assert lengths == [5.0, 10.0, 12.0, 12.0]


def test_time_without_an_ejection_is_forgiving() -> None:
    record = Record(ejections=3, ejected_until=100.0)
    fail(record, 3, now=100.0 + 2 * FORGIVE_S)
    assert record.ejections == 2
    fail(record, 3, now=record.ejected_until + 100 * FORGIVE_S)
    assert record.ejections == 1


def test_who_is_ejected_is_not_ejected_again() -> None:
    record = Record()
    assert fail(record, 9, now=100.0).count(True) == 1
    assert record.ejected_until == 105.0


def test_what_could_not_be_ejected_is_as_soon_as_it_may() -> None:
    record = Record()
    assert not any(record.fail(RULES, 2, 4, 100.0) for _ in range(5))
    assert record.fail(RULES, 1, 4, 100.0)


def test_no_failures_allowed_is_off() -> None:
    assert not any(fail(Record(), 50, 100.0, Outliers(consecutive_failures=0)))


@pytest.mark.parametrize(
    ("percent", "endpoints", "most"),
    [(50, 4, 2), (50, 3, 1), (10, 3, 1), (10, 2, 1), (100, 3, 3), (100, 1, 0), (0, 9, 0)],
)
def test_how_many_may_be_ejected(percent: int, endpoints: int, most: int) -> None:
    rules = Outliers(max_ejected_percent=percent)
    allowed = sum(may_eject(rules, ejected, endpoints) for ejected in range(endpoints))
    assert allowed == most


@pytest.mark.parametrize(
    ("percent", "ejected", "panic"), [(50, 2, False), (50, 3, True), (0, 4, False), (100, 1, True)]
)
def test_panic_of_four_endpoints(percent: int, ejected: int, panic: bool) -> None:
    assert panics(Outliers(panic_percent=percent), ejected, 4) == panic


@given(st.integers(0, 20), percents)
def test_never_more_are_ejected_than_the_rules_say(endpoints: int, percent: int) -> None:
    rules = Outliers(consecutive_failures=1, max_ejected_percent=percent)
    records = [Record() for _ in range(endpoints)]
    for record in records * 2:
        record.fail(rules, sum(r.ejected_until > 0 for r in records), endpoints, 1.0)
    ejected = sum(r.ejected_until > 0 for r in records)
    assert ejected <= max(endpoints > 1, endpoints * percent / 100)


@given(st.integers(1, 1000))
def test_an_ejection_is_never_longer_than_the_longest(count: int) -> None:
    assert RULES.base_ejection_s <= ejection_s(RULES, count) <= RULES.max_ejection_s
