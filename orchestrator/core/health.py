"""From single probe results to a verdict: consecutive passes and failures against thresholds."""

from dataclasses import dataclass

from orchestrator.model.spec import Probe


@dataclass(frozen=True, slots=True)
class ProbeState:
    """What one probe of one replica has seen so far.

    `passed` is None until a threshold is first reached. Until then, as in Kubernetes, a replica is
    not ready (readiness), alive (liveness) and not yet started (startup).
    """

    successes: int = 0
    """In a row, up to the latest result."""
    failures: int = 0
    """In a row, up to the latest result."""
    passed: bool | None = None


def observe(state: ProbeState, ok: bool, probe: Probe) -> ProbeState:
    """`state` after one more result. A verdict stands until the opposite threshold is reached."""
    if ok:
        successes = state.successes + 1
        passed = True if successes >= probe.success_threshold else state.passed
        return ProbeState(successes=successes, passed=passed)
    failures = state.failures + 1
    passed = False if failures >= (probe.failure_threshold or 1) else state.passed
    return ProbeState(failures=failures, passed=passed)
