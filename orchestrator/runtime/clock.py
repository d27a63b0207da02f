"""Time as the controller sees it. The monotonic clock decides; the wall clock only dates events.

A jump of the wall clock must not restart anything, so no decision reads it.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from: the machine, or a simulation."""

    def monotonic(self) -> float:
        """Seconds from a fixed, unknown point; never goes back."""

    def wall(self) -> float:
        """Seconds since the epoch; may jump."""


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """`time.monotonic`."""
        return time.monotonic()

    def wall(self) -> float:
        """`time.time`."""
        return time.time()
