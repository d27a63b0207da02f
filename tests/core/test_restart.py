"""Whether and when a replica that ended is followed by another."""

import pytest

from orchestrator.core.restart import after_exit, backoff_s, should_restart
from orchestrator.model.spec import Backoff, RestartSpec
from orchestrator.model.state import Exit, SlotHistory
from orchestrator.model.timing import DEMO, PRODUCTION, Timing

CRASH = Exit(code=1)
DONE = Exit(code=0)
NO_IMAGE = Exit(reason="ErrImagePull", message="no such image")


def restart(timing: Timing = DEMO, policy: str = "always") -> RestartSpec:
    backoff = Backoff(
        initial_s=timing.backoff_initial_s,
        max_s=timing.backoff_max_s,
        reset_after_s=timing.backoff_reset_after_s,
    )
    return RestartSpec.model_validate({"policy": policy, "backoff": backoff})


def delays(spec: RestartSpec, count: int, how: Exit = CRASH, jitter: float = 0.0) -> list[float]:
    history, found = SlotHistory(), []
    for _ in range(count):
        history = after_exit(history, how, 0.0, spec, 100.0, jitter)
        found.append(history.not_before - 100.0)
    return found


def test_the_first_restart_is_at_once_then_the_delay_doubles_up_to_its_cap() -> None:
    assert delays(restart(), 9) == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert delays(restart(PRODUCTION), 8) == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_missing_image_backs_off_from_the_first_failure() -> None:
    assert delays(restart(), 3, NO_IMAGE) == [1, 2, 4]


def test_jitter_takes_at_most_a_quarter_and_never_adds() -> None:
    assert delays(restart(), 8, jitter=1.0) == [0, 0.75, 1.5, 3, 6, 12, 24, 45]


def test_a_healthy_run_makes_earlier_failures_forgotten() -> None:
    crashed = after_exit(SlotHistory(failures=5, restarts=5), CRASH, 9.9, restart(), 0.0, 0.0)
    assert (crashed.failures, crashed.not_before) == (6, 16.0)
    healthy = after_exit(SlotHistory(failures=5, restarts=5), CRASH, 10.0, restart(), 0.0, 0.0)
    assert (healthy.failures, healthy.not_before, healthy.restarts) == (1, 0.0, 6)
    assert healthy.last_exit == CRASH


def test_an_ordered_exit_counts_nothing() -> None:
    history = SlotHistory(last_attempt=3, restarts=2, failures=2, not_before=7.0, last_exit=CRASH)
    assert after_exit(history, Exit(code=143, ordered=True), 0, restart(), 9.0, 0.0) == history


def test_an_end_without_a_restart_is_not_counted_as_one() -> None:
    history = after_exit(SlotHistory(), DONE, 0.0, restart(policy="on-failure"), 0.0, 0.0)
    assert (history.restarts, history.last_exit) == (0, DONE)


@pytest.mark.parametrize(
    ("policy", "how", "again"),
    [
        ("always", DONE, True),
        ("always", CRASH, True),
        ("on-failure", DONE, False),
        ("on-failure", CRASH, True),
        ("on-failure", Exit(code=0, reason="LivenessFailed"), True),
        ("on-failure", Exit(code=137, oom_killed=True), True),
        ("never", DONE, False),
        ("never", CRASH, False),
        ("never", NO_IMAGE, True),
        ("never", Exit(code=143, ordered=True), True),
    ],
)
def test_restart_policies(policy: str, how: Exit, again: bool) -> None:
    assert should_restart(policy, how) is again


def test_no_count_of_failures_is_too_large() -> None:
    spec = Backoff(initial_s=1.0, factor=100.0, max_s=60.0)
    assert backoff_s(10_000, spec) == 60.0
    assert backoff_s(10_000, Backoff(initial_s=1.0, factor=1.0, max_s=60.0)) == 1.0
