"""Ends what a replica leaves behind: grandchildren, whether in its session or not."""

import asyncio
import contextlib
import signal
from typing import Final

from orchestrator.engines.process import cgroup, identity
from orchestrator.engines.process.command import RUN_VARIABLE
from orchestrator.engines.process.identity import Process
from orchestrator.engines.process.ledger import Record

ROUNDS: Final = 400
_PAUSE_S: Final = 0.005


class Sweeper:
    """Kills until nothing is found. All who wait share one look through the processes."""

    def __init__(self) -> None:
        self._rounds_left: dict[str, int] = {}
        self._records: dict[str, Record] = {}
        self._task: asyncio.Task[None] | None = None

    async def sweep(self, record: Record) -> None:
        """Returns when no process of this replica is left, or after 2 s of trying in vain."""
        if not record.run or record.boot != identity.boot_id():
            return
        self._records[record.run] = record
        self._rounds_left[record.run] = ROUNDS
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())
        await asyncio.shield(self._task)

    async def close(self) -> None:
        """Let a sweep under way finish."""
        if self._task is not None:
            await self._task

    async def _work(self) -> None:
        while self._records:
            with contextlib.suppress(OSError):  # for want of a descriptor: later again
                self._round()
            if self._records:
                await asyncio.sleep(_PAUSE_S)

    def _round(self) -> None:
        for run in list(self._records):
            self._rounds_left[run] -= 1
            if self._rounds_left[run] < 0:
                del self._records[run]
        for run, processes in _remains(list(self._records.values())).items():
            for process in processes:
                identity.send(process, signal.SIGKILL)
            if not processes:
                del self._records[run]


def _remains(records: list[Record]) -> dict[str, list[Process]]:
    """What still runs of each, by run: from its control group, else from the environments."""
    unbound = {record.run for record in records if not record.cgroups}
    found = identity.with_variable(RUN_VARIABLE, unbound) if unbound else {}
    for record in records:
        if record.cgroups:
            seen = (identity.stat(pid) for pid in cgroup.members(record.cgroups))
            found[record.run] = [one.process for one in seen if one and not one.ended]
    return found
