"""Consecutive results against thresholds."""

import pytest

from orchestrator.core.health import ProbeState, observe
from orchestrator.model.spec import Probe


def verdicts(results: str, failures: int = 3, successes: int = 1) -> str:
    """`+` and `-` are results; the verdict after each is `?`, `+` or `-`."""
    probe = Probe(tcp=True, failure_threshold=failures, success_threshold=successes)
    state, told = ProbeState(), ""
    for result in results:
        state = observe(state, result == "+", probe)
        told += {None: "?", True: "+", False: "-"}[state.passed]
    return told


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ("+", "+"),
        ("--", "??"),
        ("---", "??-"),
        ("+--+--+", "+++++++"),
        ("+---", "+++-"),
        ("+---+", "+++-+"),
    ],
)
def test_three_failures_in_a_row_fail_and_one_pass_passes(results: str, expected: str) -> None:
    assert verdicts(results) == expected


@pytest.mark.parametrize(
    ("results", "expected"),
    [("++", "?+"), ("+-+", "?--"), ("+-++", "?--+"), ("++-+", "?+--")],
)
def test_two_passes_in_a_row_pass(results: str, expected: str) -> None:
    assert verdicts(results, failures=1, successes=2) == expected


def test_a_probe_without_threshold_fails_at_once() -> None:
    assert observe(ProbeState(), False, Probe(tcp=True)).passed is False
