"""Waiting with a deadline."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

PAUSE_S: Final = 0.005
T = TypeVar("T")


def until(
    check: Callable[[], T | None], timeout_s: float, what: str, pause_s: float = PAUSE_S
) -> T:
    """What `check` returns once that is true. Raises `TimeoutError` that says what was awaited."""
    deadline = time.perf_counter() + timeout_s
    while True:
        found = check()
        if found:
            return found
        if time.perf_counter() > deadline:
            raise TimeoutError(f"waited {timeout_s:g} s in vain: {what}")
        time.sleep(pause_s)


def seconds(action: Callable[[], object]) -> float:
    """How long it takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin
