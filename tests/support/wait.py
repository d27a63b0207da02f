"""Wait for a condition with a deadline: the only way a test waits."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")

PAUSE_S = 0.01


def eventually(check: Callable[[], T], timeout: float = 10.0, what: str = "") -> T:
    """Call `check` until it returns something true and return that.

    An `AssertionError` from `check` counts as "not yet" and is re-raised at the deadline.
    Raises `TimeoutError` after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while True:
        try:
            if found := check():
                return found
        except AssertionError:
            if time.monotonic() >= deadline:
                raise
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not within {timeout} s: {what or inspect.getsource(check)}")
        time.sleep(PAUSE_S)


@overload
async def eventually_async(
    check: Callable[[], Awaitable[T | None]], timeout: float = 10.0, what: str = ""
) -> T: ...
@overload
async def eventually_async(
    check: Callable[[], T | None], timeout: float = 10.0, what: str = ""
) -> T: ...
async def eventually_async(check: Callable[[], Any], timeout: float = 10.0, what: str = "") -> Any:
    """The same for code on an event loop; `check` may be a coroutine function."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            result = check()
            found = await result if inspect.isawaitable(result) else result
            if found:
                return found
        except AssertionError:
            if time.monotonic() >= deadline:
                raise
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not within {timeout} s: {what or inspect.getsource(check)}")
        await asyncio.sleep(PAUSE_S)
