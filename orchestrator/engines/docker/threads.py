"""Blocking calls beside the event loop.

Threads are daemons: one that waits for an engine that never answers must not keep the program
from ending, as those of a `ThreadPoolExecutor` do.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """Runs calls, each in a thread, at most `limit` at a time."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._free = asyncio.Semaphore(limit)

    async def run(self, work: Callable[[], T], timeout_s: float) -> T:
        """Its result. Raises what it raises, and `TimeoutError` after `timeout_s` of work (not
        counting the wait for a free thread). It then goes on alone, and its thread stays taken."""
        await self._free.acquire()
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()  # so that nobody who waits can cancel the work
        future.add_done_callback(self._releaser())
        try:
            threading.Thread(target=_run, args=(work, future), name="docker", daemon=True).start()
        except RuntimeError as error:
            future.set_exception(OSError(None, str(error)))  # the system has no thread to give
        async with asyncio.timeout(timeout_s):
            return await asyncio.wrap_future(future)

    async def idle(self, timeout_s: float) -> None:
        """Return when nothing runs, abandoned calls included, at the latest after `timeout_s`."""
        taken = 0
        try:
            async with asyncio.timeout(timeout_s):
                while taken < self._limit:
                    await self._free.acquire()
                    taken += 1
        except TimeoutError:
            pass
        finally:
            for _ in range(taken):
                self._free.release()

    def _releaser(self) -> Callable[[object], None]:
        loop = asyncio.get_running_loop()

        def release(_: object) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(self._free.release)

        return release


def _run(work: Callable[[], T], future: "Future[T]") -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
