"""Clocks that a test sets: the monotonic one by hand, the wall clock with jumps."""

import time


class HandClock:
    """Stands still until told otherwise."""

    def __init__(self, monotonic: float = 1000.0, wall: float = 1_700_000_000.0) -> None:
        self._monotonic = monotonic
        self._wall = wall

    def monotonic(self) -> float:
        """Seconds from a fixed point."""
        return self._monotonic

    def wall(self) -> float:
        """Seconds since the epoch."""
        return self._wall

    def pass_(self, seconds: float) -> None:
        """Time goes by on both clocks."""
        self._monotonic += seconds
        self._wall += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._wall += seconds


class JumpingClock:
    """The machine's clocks, of which the wall clock is wrong by `offset_s`."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def monotonic(self) -> float:
        """The machine's."""
        return time.monotonic()

    def wall(self) -> float:
        """The machine's, wrong by `offset_s`."""
        return time.time() + self.offset_s
