"""Tells when processes end, at once and without polling, also those that are not our children."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import Final

from orchestrator.engines.process import identity
from orchestrator.engines.process.identity import Process

RETRY_S: Final = 0.1
Ended = Callable[[str, Process], None]


class Watcher:
    """Calls `ended(name, process)` on the event loop, once, when a watched process has ended."""

    def __init__(self, ended: Ended) -> None:
        self._ended = ended
        self._descriptors: dict[str, int] = {}
        self._processes: dict[str, Process] = {}
        self._gone: dict[str, asyncio.Event] = {}

    def watch(self, name: str, process: Process) -> None:
        """Watch a process under a name; again is harmless. Raises `OSError` for want of a
        descriptor."""
        if name in self._gone:
            return
        loop = asyncio.get_running_loop()
        descriptor = _exit_descriptor(process)
        self._processes[name] = process
        self._gone[name] = asyncio.Event()
        if descriptor is None:
            loop.call_soon(self._end, name, process)
            return
        self._descriptors[name] = descriptor
        loop.add_reader(descriptor, self._end, name, process)

    def settle(self, name: str) -> None:
        """Tell the end of one that is known to have ended now, not when the loop comes to it."""
        if (process := self._processes.get(name)) is not None:
            self._end(name, process)

    async def gone(self, name: str, timeout_s: float) -> bool:
        """Wait until the process under that name has ended and that was told; False when
        `timeout_s` ran out. One that is not watched has ended."""
        event = self._gone.get(name)
        if event is None:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Stop watching. The processes go on."""
        for name in list(self._gone):
            self._forget(name)

    def _end(self, name: str, process: Process) -> None:
        if self._processes.get(name) != process:
            return
        self._unwatch(name)
        try:
            self._ended(name, process)
        except OSError:  # for want of a descriptor: later again
            asyncio.get_running_loop().call_later(RETRY_S, self._end, name, process)
        else:
            self._forget(name)

    def _forget(self, name: str) -> None:
        self._unwatch(name)
        self._processes.pop(name)
        self._gone.pop(name).set()

    def _unwatch(self, name: str) -> None:
        descriptor = self._descriptors.pop(name, None)
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)


def _exit_descriptor(process: Process) -> int | None:
    """A descriptor that becomes readable when the process ends; None when it has ended."""
    try:
        descriptor = _open(process.pid)
    except ProcessLookupError:
        return None
    try:
        lives = identity.alive(process)  # what we have opened is no later one of that number
    except OSError:
        os.close(descriptor)
        raise
    if lives:
        return descriptor
    os.close(descriptor)
    return None


if sys.platform == "darwin":
    import select

    def _open(pid: int) -> int:
        queue = select.kqueue()
        event = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        queue.control([event], 0)
        descriptor = os.dup(queue.fileno())
        queue.close()
        return descriptor

else:

    def _open(pid: int) -> int:
        return os.pidfd_open(pid)
