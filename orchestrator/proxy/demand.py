"""Tells the controller that requests wait for a service that has no replicas."""

from collections.abc import Callable
from typing import Any, Final

REPEAT_S: Final = 1.0


class Demand:
    """Says it with the first request, and again each second while any wait: a controller that
    begins meanwhile hears of it too, and a flood of requests is no flood of messages."""

    def __init__(self, notify: Callable[[dict[str, Any]], None]) -> None:
        self._notify = notify
        self._due: dict[str, float] = {}

    def waits(self, service: str, waiting: int, now: float) -> None:
        """So many requests wait. `now`: seconds of a monotonic clock."""
        if now >= self._due.get(service, 0.0):
            self._due[service] = now + REPEAT_S
            self._notify({"type": "demand", "service": service, "waiting": waiting})
