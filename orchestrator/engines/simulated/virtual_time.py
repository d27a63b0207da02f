"""Virtual time: an event loop that never waits. When nothing is left to do it jumps to its next
timer, so hours pass in seconds, and the same program does the same things in the same order.
"""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any, Final

# Virtual seconds below which two timers are one: floating point, added up over days, is finer.
RESOLUTION_S: Final = 1e-7
# What one turn of the loop takes. Without it, whoever waits for less than the resolution is woken
# too early again and again, and time stands still.
TURN_S: Final = 1e-6
EPOCH_S: Final = 1_700_000_000.0


class NothingLeftError(RuntimeError):
    """Every task waits for something that no timer will bring about: a deadlock."""


class _Jumping(selectors.BaseSelector):
    """Where an event loop would wait for files, time passes instead. No file is ever ready."""

    def __init__(self) -> None:
        self.now = 0.0
        self._map: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, getattr(fileobj, "fileno", int)(), events, data)
        self._map[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._map.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeftError("every task waits, and no timer is set")
        self.now += max(TURN_S, timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._map


class VirtualLoop(asyncio.SelectorEventLoop):
    """`asyncio.Runner(loop_factory=VirtualLoop)` runs a program in virtual time, from 0 on.

    Without sockets, subprocesses and threads: what happens outside the program takes no time here,
    so waiting for it raises `NothingLeftError`.
    """

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)
        self._clock_resolution = RESOLUTION_S

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._jumping.now


class VirtualClock:
    """The clocks of a virtual loop: both go with its time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, epoch_s: float = EPOCH_S) -> None:
        self._loop = loop
        self._epoch_s = epoch_s

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._loop.time()

    def wall(self) -> float:
        """Virtual seconds since the epoch."""
        return self._epoch_s + self._loop.time()
