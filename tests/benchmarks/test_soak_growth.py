"""Whether a process keeps growing, from looks at it."""

import pytest

from benchmarks.soak.growth import Sample, growth
from benchmarks.soak.report import GROWTH_MB, Outcome
from benchmarks.soak.watch import CONTROLLER, WORKER

TOTAL_S = 100.0


def looks(pid: int, mb: list[float], begin: float = 0.0, step: float = 5.0) -> list[Sample]:
    return [
        Sample(begin + step * n, "worker", pid, round(value * 1e6), 30 + n)
        for n, value in enumerate(mb)
    ]


def test_a_steady_growth_is_measured_over_the_second_half_only() -> None:
    samples = looks(7, [*(5.0 * n for n in range(10)), *(100.0 + n for n in range(11))])

    (found,) = growth(samples, TOTAL_S)

    assert (found.role, found.pid, found.seconds) == ("worker", 7, 50.0)
    assert found.rss_growth_mb == pytest.approx(10.0)
    assert found.rss_mb == pytest.approx(105.0)
    assert found.descriptor_growth == pytest.approx(10.0)


def test_one_high_sample_is_no_growth() -> None:
    (found,) = growth(looks(7, [20.0] * 15 + [60.0] + [20.0] * 5), TOTAL_S)

    assert abs(found.rss_growth_mb) < 1


def test_who_lived_too_short_is_not_judged() -> None:
    samples = [*looks(7, [20.0] * 14), *looks(8, [20.0] * 9, begin=60.0)]

    assert [one.pid for one in growth(samples, TOTAL_S)] == [8]


def test_growth_beyond_the_bound_breaks_the_promise() -> None:
    flat, leak = looks(7, [20.0] * 21), looks(8, [20.0 + n for n in range(21)])
    outcome = Outcome(TOTAL_S, "a test")

    outcome.growth = growth(flat, TOTAL_S)
    assert outcome.broken == []

    outcome.growth = growth([*flat, *leak], TOTAL_S)
    assert outcome.growth[1].rss_growth_mb > GROWTH_MB
    (told,) = outcome.broken
    assert told == "worker: growth in the last 50 s, of 35.0 MB: 10 MB"
    assert "(missed)" in outcome.report().markdown()


def test_descriptors_that_stay_open_break_the_promise() -> None:
    outcome = Outcome(TOTAL_S, "a test", surplus={CONTROLLER: 30, WORKER: 2})
    assert outcome.broken == []

    outcome.surplus[WORKER] = 3
    assert outcome.broken == ["proxy worker: descriptors more than before, at rest: 3"]
