"""How replicas end: noticing it, saying how, bringing it about, and clearing up."""

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Final

from orchestrator.engines.process import cgroup, identity
from orchestrator.engines.process.hints import Hints
from orchestrator.engines.process.identity import Process
from orchestrator.engines.process.ledger import Claim, Entry, Ledger, claim_in, note_exit, read
from orchestrator.engines.process.sweeper import Sweeper
from orchestrator.engines.process.watcher import Watcher
from orchestrator.model.errors import EngineTimeoutError
from orchestrator.model.launch import EngineEvent
from orchestrator.model.state import Exit

KILL_TIMEOUT_S: Final = 5.0
KILLED: Final = 128 + signal.SIGKILL
_TRIES: Final = 100
_PAUSE_S: Final = 0.01


def runs(entry: Entry) -> bool:
    """Whether a replica runs: as long as its keeper does."""
    claim = entry.claim
    return (
        claim is not None
        and entry.record.boot == identity.boot_id()
        and identity.alive(claim.keeper)
    )


def exit_of(entry: Entry) -> Exit:
    """How a replica ended: codes as a shell gives them, 128 + n for signal n."""
    code = _code(entry.folder, entry.exit_code)
    if code is None:
        return Exit(message="it ended with its keeper: the exit code is not known")
    oom = code == KILLED and cgroup.oom_kills(entry.record.cgroups) > 0
    return Exit(code=code, oom_killed=oom)


def _code(folder: Path, code: int | None) -> int | None:
    """Written down after `code` was read, perhaps."""
    if code is None and (entry := read(folder)) is not None:
        return entry.exit_code
    return code


class Ending:
    """Watches all replicas of a ledger and ends them."""

    def __init__(self, ledger: Ledger, hints: Hints) -> None:
        self._ledger = ledger
        self._hints = hints
        self._watcher = Watcher(self._ended)
        self._sweeper = Sweeper()
        self._sweeps: set[asyncio.Task[None]] = set()
        self._swept: set[str] = set()

    def adopt(self, entry: Entry) -> bool:
        """Watch a replica if it runs, and say whether it does. What a dead one left is swept.

        Raises `OSError` when that cannot be known or watched.
        """
        if entry.claim is None:
            return False
        if runs(entry):
            self._watcher.watch(entry.name, entry.claim.keeper)
            return True
        self._watcher.settle(entry.name)
        self._sweep_once(entry)
        return False

    async def stop(self, entry: Entry, grace_s: float) -> None:
        """SIGTERM, then SIGKILL; returns when nothing of it runs. Raises `EngineTimeoutError`."""
        if entry.claim is None:
            return
        if self.adopt(entry):
            identity.send_group(entry.claim.keeper, signal.SIGTERM)
            if not await self._watcher.gone(entry.name, grace_s):
                await self._kill(entry.name, entry.claim)
        await self._sweeper.sweep(entry.record)

    async def remove(self, entry: Entry) -> None:
        """Kill what runs and remove all traces. Raises `EngineTimeoutError`."""
        settled = entry if entry.claim is not None else await self._settled(entry)
        if settled is None:
            return
        await self.stop(settled, 0)
        await self._sweeper.sweep(settled.record)
        if (hidden := self._ledger.discard(settled)) is not None:
            await _clear(hidden, settled.record.cgroups)
        self._swept.discard(entry.record.run)
        self._hints.tell(EngineEvent("removed", entry.record.id, entry.engine_id))

    async def close(self) -> None:
        """Stop watching. Replicas go on."""
        self._watcher.close()
        if self._sweeps:
            await asyncio.wait(self._sweeps)

    async def _settled(self, entry: Entry) -> Entry | None:
        """Either it is claimed, and by whom is written, or it never will be."""
        for _ in range(_TRIES):
            found = self._ledger.forbid(entry)
            if found is None or found.claim is not None or found is entry:
                return found
            await asyncio.sleep(_PAUSE_S)  # claimed, and being written; or forbidden before
        return self._ledger.get(entry.name)

    async def _kill(self, name: str, claim: Claim) -> None:
        """The app first, so that its keeper can write that down; then the keeper."""
        identity.send(claim.app, signal.SIGKILL)
        identity.send(claim.keeper, signal.SIGCONT)
        if await self._watcher.gone(name, KILL_TIMEOUT_S):
            return
        identity.send_group(claim.keeper, signal.SIGKILL)
        if not await self._watcher.gone(name, KILL_TIMEOUT_S):
            raise EngineTimeoutError(f"process {claim.app.pid} of {name} does not end")

    def _ended(self, name: str, keeper: Process) -> None:
        """The keeper has ended. As long as it is our unreaped child its number, which is also
        that of its group, is nobody else's."""
        identity.send_group(keeper, signal.SIGKILL)
        code = _reap(keeper.pid)
        entry = self._ledger.get(name)
        if entry is None or entry.claim is None or entry.claim.keeper != keeper:
            return
        if entry.exit_code is None and code is not None:
            note_exit(entry.folder, code)
        self._sweep_once(entry)
        how = exit_of(entry)
        self._hints.tell(EngineEvent("exited", entry.record.id, entry.engine_id, how))

    def _sweep_once(self, entry: Entry) -> None:
        if entry.record.run in self._swept:
            return
        self._swept.add(entry.record.run)
        task = asyncio.create_task(self._sweeper.sweep(entry.record))
        self._sweeps.add(task)
        task.add_done_callback(self._sweeps.discard)


def _reap(pid: int) -> int | None:
    """The exit code of our own child, as a shell gives it; None: it is not ours."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    if found == 0:
        return None
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


async def _clear(folder: Path, cgroups: tuple[str, ...]) -> None:
    """Remove both. Between the end of a folder's claim and its own a late starter, which stands in
    it, may claim it anew: it is ended then. In a folder that is gone nobody can."""
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            break
        if (claim := claim_in(folder)) is not None:
            identity.send(claim.app, signal.SIGKILL)
            identity.send_group(claim.keeper, signal.SIGKILL)
        else:
            await asyncio.sleep(_PAUSE_S)  # claimed, and being written
    for _ in range(_TRIES):
        if cgroup.remove(cgroups):
            return
        await asyncio.sleep(_PAUSE_S)
