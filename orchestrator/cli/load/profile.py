"""What load is asked for: options of the command line → a checked profile → k6's own options."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

from orchestrator.cli.exits import UsageError
from orchestrator.cli.options import seconds

DEFAULT_RATE: Final = 100.0
DEFAULT_DURATION: Final = "10s"
# A stalled server holds a virtual user for as long as a request takes: at 200 requests/s and a
# time-out of 10 s that is 2,000 of them, of some 100 KB each.
MOST_USERS: Final = 2000
REQUEST_TIMEOUT_S: Final = 10

_RATE: Final = re.compile(r"(\d+(?:\.\d+)?)(?:/(s|m|h))?").fullmatch
_PER: Final = {None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_THRESHOLD: Final = re.compile(
    r"(?:([A-Za-z_][\w{}:,.]*):)?\s*"
    r"((?:avg|min|med|max|count|rate|value|p\(\d+(?:\.\d+)?\))\s*(?:<=|>=|<|>|==|!=)\s*\d+(?:\.\d+)?)"
).fullmatch


@dataclass(frozen=True, slots=True)
class Profile:
    """Either `rate` (requests/s, whatever the answers take) or `users` (each sends its next
    request when it has the answer to the last)."""

    duration_s: float
    rate: float = 0.0
    users: int = 0
    ramp_s: float = 0.0
    thresholds: dict[str, list[str]] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether requests come at a rate of their own."""
        return not self.users

    @property
    def length_s(self) -> float:
        """From the first request to the last."""
        return self.ramp_s + self.duration_s

    def scenario(self) -> dict[str, Any]:
        """k6's scenario. Source: https://grafana.com/docs/k6, Scenarios, Executors."""
        if self.users and not self.ramp_s:
            return {
                "executor": "constant-vus", "vus": self.users, "duration": _ms(self.duration_s)
            }  # fmt: skip
        if self.users:
            return {
                "executor": "ramping-vus",
                "startVUs": 0,
                "stages": self._stages(self.users),
                "gracefulRampDown": "5s",
            }
        unit, amount = _whole(self.rate)
        pool = {
            "timeUnit": unit,
            "preAllocatedVUs": max(10, min(500, round(self.rate / 4))),
            "maxVUs": max(100, min(MOST_USERS, round(self.rate * REQUEST_TIMEOUT_S))),
        }
        if self.ramp_s:
            stages = self._stages(amount)
            return {"executor": "ramping-arrival-rate", "startRate": 0, "stages": stages, **pool}
        return {
            "executor": "constant-arrival-rate",
            "rate": amount,
            "duration": _ms(self.duration_s),
            **pool,
        }

    def _stages(self, target: int) -> list[dict[str, Any]]:
        return [
            {"duration": _ms(self.ramp_s), "target": target},
            {"duration": _ms(self.duration_s), "target": target},
        ]


def profile_of(
    rate: str | None, users: int | None, duration: str, ramp: str | None, thresholds: list[str]
) -> Profile:
    """What the options say together. Raises `UsageError`."""
    if rate is not None and users is not None:
        raise UsageError(
            "--rate and --vus contradict each other",
            remedy="--rate 200/s: requests come at that rate; --vus 50: so many users take turns",
        )
    if users is not None and not 1 <= users <= MOST_USERS:
        raise UsageError(f"--vus {users} is not within 1 to {MOST_USERS}")
    per_s = 0.0 if users is not None else _rate(rate)
    lasting = seconds(duration, "--duration")
    if lasting < 1:
        raise UsageError(f"--duration {duration} is too short", remedy="give it 1s or more")
    rising = seconds(ramp, "--ramp") if ramp else 0.0
    return Profile(lasting, per_s, users or 0, rising, _thresholds(thresholds))


def _rate(text: str | None) -> float:
    if text is None:
        return DEFAULT_RATE
    found = _RATE(text)
    per_s = float(found[1]) / _PER[found[2]] if found else 0.0
    if not per_s:
        raise UsageError(f"--rate {text!r} is no rate", remedy="write 200/s or 30/m")
    return per_s


def _thresholds(texts: list[str]) -> dict[str, list[str]]:
    """By metric; without one it is of `http_req_duration`, in milliseconds, as in k6."""
    found: dict[str, list[str]] = {}
    for text in texts:
        match = _THRESHOLD(text.strip())
        if match is None:
            raise UsageError(
                f"--threshold {text!r} is no threshold of k6",
                remedy="write 'p(99)<200' (milliseconds) or 'http_req_failed:rate<0.01'",
            )
        found.setdefault(match[1] or "http_req_duration", []).append(match[2])
    return found


def _whole(per_s: float) -> tuple[str, int]:
    """k6 takes whole numbers only: 0.5/s is 30 a minute."""
    if per_s == int(per_s):
        return "1s", int(per_s)
    return "1m", max(1, round(per_s * 60))


def _ms(duration_s: float) -> str:
    return f"{round(duration_s * 1000)}ms"
