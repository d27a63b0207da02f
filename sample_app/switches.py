"""What can be broken on purpose, while the service runs or from its start.

| `POST /switch?…`   | environment   | does                                                        |
|--------------------|---------------|-------------------------------------------------------------|
| `healthy=false`    | `HEALTHY`     | `/healthz` answers 503                                      |
| `ready=false`      | `READY`       | `/readyz` answers 503, `/healthz` stays well                |
| `slow_ms=500`      | `SLOW_MS`     | `/healthz` and `/readyz` answer that much later             |
| `ignore_term=true` | `IGNORE_TERM` | SIGTERM does nothing: only SIGKILL ends the process         |
| `crash=3`          | `CRASH`       | the process exits at once with that status, without a reply |

`GET /switch` shows them. The environment is read once, at the start.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from .parsing import Problem, flag, whole_number

NAMES = ("healthy", "ready", "slow_ms", "ignore_term", "crash")
LONGEST_SLOW_MS = 600_000


@dataclass(slots=True)
class Switches:
    """The present positions."""

    healthy: bool = True
    ready: bool = True
    slow_ms: int = 0
    ignore_term: bool = False

    def turn(self, settings: Mapping[str, str]) -> None:
        """Sets all that are named, or none: raises `Problem` 400 for a bad name or value."""
        values = {name: parse(name, text) for name, text in settings.items()}
        if "crash" in values:
            os._exit(values["crash"])
        for name, value in values.items():
            setattr(self, name, value)

    def turn_from_environment(self) -> None:
        """As `turn`, with the upper-case variables of the environment."""
        self.turn({n: os.environ[n.upper()] for n in NAMES if n.upper() in os.environ})


def parse(name: str, text: str) -> int:
    """The value of one switch; raises `Problem` 400 when there is no such switch or value."""
    match name:
        case "healthy" | "ready" | "ignore_term":
            return flag(name, text)
        case "slow_ms":
            return whole_number(name, text, 0, LONGEST_SLOW_MS)
        case "crash":
            return whole_number(name, text, 1, 255)
        case _:
            raise Problem(400, f"no switch {name[:40]!r}; there are {', '.join(NAMES)}")
