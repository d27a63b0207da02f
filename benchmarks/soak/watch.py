"""Looks at the memory and the descriptors of the controller and of the proxy's workers."""

import asyncio
import contextlib
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.ours import Ours
from benchmarks.proxy_cpu import rss_bytes
from benchmarks.soak.growth import Sample

CONTROLLER: Final = "controller"
WORKER: Final = "proxy worker"


class Watch:
    """`samples` so far, `at` counted from `begun` (`time.perf_counter()`)."""

    def __init__(self, one: Ours, begun: float, period_s: float) -> None:
        self.samples: list[Sample] = []
        self.last: list[Sample] = []
        self._at_rest: Counter[str] = Counter()
        self._one, self._begun, self._period_s = one, begun, period_s

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            self.last = [*self._look()]
            self.samples += self.last
            await asyncio.sleep(self._period_s)

    def begin(self) -> None:
        """Note how it is at rest."""
        self._at_rest = self._descriptors()

    def surplus(self) -> dict[str, int]:
        """How many more descriptors than at the begin each role has open now."""
        now = self._descriptors()
        return {role: now[role] - before for role, before in self._at_rest.items()}

    def _descriptors(self) -> Counter[str]:
        found: Counter[str] = Counter()
        for sample in self._look():
            found[sample.role] += sample.descriptors
        return found

    def _look(self) -> Iterator[Sample]:
        at = time.perf_counter() - self._begun
        try:
            pids = [(CONTROLLER, self._one.controller_pid)]
            pids += [(WORKER, pid) for pid in self._one.worker_pids]
        except (OSError, ValueError):  # The controller is being replaced.
            return
        for role, pid in pids:
            with contextlib.suppress(OSError):
                found = Sample(at, role, pid, rss_bytes(pid), descriptors(pid))
                if found.rss_bytes:  # Else it is dead, and nobody has waited for it yet.
                    yield found


def descriptors(pid: int) -> int:
    """How many a process has open."""
    return len(os.listdir(Path("/proc", str(pid), "fd")))  # noqa: PTH208 - only the number counts
