"""When an endpoint that goes on failing requests is ejected, and for how long. Pure.

Source: Envoy's outlier detection (consecutive 5xx, base ejection time × number of ejections,
max ejection percent, panic threshold).
"""

from dataclasses import dataclass
from typing import Final

from orchestrator.model.snapshot import Outliers

# Each such time without an ejection takes one off the number of ejections (Envoy's `interval`).
FORGIVE_S: Final = 10.0


@dataclass(slots=True)
class Record:
    """What one endpoint did. Times are in seconds of one steady clock."""

    failures: int = 0
    """In a row."""
    ejections: int = 0
    """How many times the base the last ejection lasted."""
    ejected_until: float = 0.0

    def fail(self, rules: Outliers, ejected: int, endpoints: int, now: float) -> bool:
        """One more failure. Return whether the endpoint is ejected for it.

        `ejected` of the `endpoints` of its service are ejected already.
        """
        self.failures += 1
        due = 0 < rules.consecutive_failures <= self.failures
        if not due or self.ejected_until > now or not may_eject(rules, ejected, endpoints):
            return False
        self._eject(rules, now)
        return True

    def _eject(self, rules: Outliers, now: float) -> None:
        forgiven = int((now - self.ejected_until) / FORGIVE_S) if self.ejections else 0
        self.ejections = max(0, self.ejections - forgiven) + 1
        self.failures = 0
        self.ejected_until = now + ejection_s(rules, self.ejections)


def ejection_s(rules: Outliers, ejections: int) -> float:
    """How long the nth ejection in a series lasts."""
    return min(ejections * rules.base_ejection_s, rules.max_ejection_s)


def may_eject(rules: Outliers, ejected: int, endpoints: int) -> bool:
    """Whether one more may be ejected: one of at least two always, unless the percentage is 0."""
    if endpoints < 2 or not rules.max_ejected_percent:
        return False
    return ejected < max(1, endpoints * rules.max_ejected_percent // 100)


def panics(rules: Outliers, ejected: int, endpoints: int) -> bool:
    """Whether so few would be left that ejections are ignored."""
    return (endpoints - ejected) * 100 < endpoints * rules.panic_percent
