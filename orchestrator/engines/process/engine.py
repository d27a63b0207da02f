"""`ProcessEngine`: the engine protocol for replicas that are processes of this machine."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final, ParamSpec, TypeVar

from orchestrator.engines.base import Progress
from orchestrator.engines.process import execution, identity, logs, usage
from orchestrator.engines.process.cgroup import Cgroups
from orchestrator.engines.process.ending import Ending, exit_of, runs
from orchestrator.engines.process.hints import Hints
from orchestrator.engines.process.ledger import Entry, Ledger
from orchestrator.engines.process.starter import Starter
from orchestrator.model.errors import (
    EngineError,
    EngineUnavailableError,
    NotFoundError,
)
from orchestrator.model.launch import (
    EngineEvent,
    EngineReplica,
    ExecResult,
    ImageSpec,
    Launch,
    LogLine,
    Usage,
)
from orchestrator.model.signals import signal_named
from orchestrator.model.state import ReplicaId

TRIM_PERIOD_S: Final = 5.0
PID_CHOICES: Final = 50


Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def _reported(
    call: Callable[Parameters, Awaitable[Result]],
) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """What the system refuses (no descriptor, no space) is an `EngineError`, worth a new try."""

    @functools.wraps(call)
    async def reporting(*args: Parameters.args, **named: Parameters.kwargs) -> Result:
        try:
            return await call(*args, **named)
        except OSError as error:
            raise EngineError(
                f"the process engine could not {call.__name__}: {error.strerror or error}",
                remedy="the system may be out of processes, file descriptors or disk space",
            ) from error

    return reporting


class ProcessEngine:
    """Runs each replica as a session of local processes; `keeper` and `ledger` say how that
    survives the controller. `state_dir` is the project's own folder."""

    name = "process"

    def __init__(self, project: str, state_dir: Path, *, use_cgroups: bool = True) -> None:
        self.writes = 0
        self._ledger = Ledger(state_dir / "process")
        self._cgroups = Cgroups(project, wanted=use_cgroups)
        self._starter = Starter(self._ledger, self._cgroups)
        self._hints = Hints()
        self._ending = Ending(self._ledger, self._hints)
        self._locks: dict[ReplicaId, asyncio.Lock] = {}
        self._names: dict[str, str] = {}
        self._trimmer: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def limits(self) -> frozenset[str]:
        """What control groups bound here: some of `cpu`, `memory`, `pids`, `cpuacct`."""
        return self._cgroups.controllers

    @_reported
    async def open(self) -> None:
        """Adopt what runs, finish what was left half done."""
        try:
            self._ledger.prepare()
        except OSError as error:
            raise EngineUnavailableError(
                f"the process engine cannot use {self._ledger.root}: {error.strerror}",
                remedy="name another state folder (--state-dir)",
            ) from error
        self._trimmer = asyncio.create_task(self._trim_for_ever())
        for entry in self._ledger.entries():
            self._names[entry.engine_id] = entry.name
            self._ending.adopt(entry)

    async def close(self) -> None:
        """Stop watching; replicas go on."""
        self._closed = True
        self._hints.close()
        if self._trimmer is not None:
            self._trimmer.cancel()
            await asyncio.gather(self._trimmer, return_exceptions=True)
        await self._ending.close()

    @_reported
    async def list(self) -> list[EngineReplica]:
        """All that is written down, compared with what runs."""
        return [self._replica(entry) for entry in self._ledger.entries()]

    async def ensure_image(self, image: ImageSpec, progress: Progress) -> None:
        """Nothing to do: what runs here is no image."""

    @_reported
    async def start(self, launch: Launch) -> EngineReplica:
        """Start, or return what was started. An attempt is never run a second time."""
        async with self._locks.setdefault(launch.id, asyncio.Lock()):
            entry = self._ledger.get(str(launch.id))
            if entry is not None and entry.claim is None:
                await self._ending.remove(entry)
                entry = None
            return self._replica(entry if entry is not None else await self._start(launch))

    @_reported
    async def stop(self, engine_id: str, grace_s: float) -> None:
        """SIGTERM to its process group, SIGKILL to all of it after `grace_s`."""
        entry = self._find(engine_id)
        if entry is not None:
            self.writes += 1
            await self._ending.stop(entry, grace_s)

    @_reported
    async def signal(self, engine_id: str, signal: str) -> None:
        """To the app's own process, as a container engine does."""
        number = signal_named(signal)
        entry = self._running(engine_id)
        self.writes += 1
        if entry.claim is None or not identity.send(entry.claim.app, number):
            raise NotFoundError(f"replica {entry.name} runs no more")

    @_reported
    async def remove(self, engine_id: str) -> None:
        """Remove its folder and its control group, after what still runs."""
        entry = self._find(engine_id)
        if entry is not None:
            self.writes += 1
            await self._ending.remove(entry)
            self._locks.pop(entry.record.id, None)

    def events(self) -> AsyncIterator[EngineEvent]:
        """`resync`, then `started`, `exited` and `removed`."""
        return self._hints.listen()

    async def logs(
        self, replica: EngineReplica, *, tail: int | None = None, follow: bool = False
    ) -> AsyncIterator[LogLine]:
        """Both streams in the order written; all are called `stdout`."""
        entry = self._ledger.get(str(replica.id))
        if entry is None:
            raise NotFoundError(f"replica {replica.id} has no logs here")

        def ended() -> bool:
            return self._closed or not runs(entry)

        log = entry.folder / "log"
        async for text in logs.lines(log, ended, tail=tail, follow=follow):
            yield LogLine(replica.id, text)

    @_reported
    async def exec(self, engine_id: str, argv: Sequence[str], timeout_s: float) -> ExecResult:
        """Beside the app: same folder, environment and limits."""
        entry = self._running(engine_id)
        self.writes += 1
        return await execution.run(entry, argv, timeout_s)

    @_reported
    async def stats(self, engine_ids: Sequence[str]) -> dict[str, Usage]:
        """Of the whole control group, or of the whole session."""
        found = (self._find(engine_id) for engine_id in engine_ids)
        return usage.measure(entry for entry in found if entry is not None and runs(entry))

    @_reported
    async def destroy(self) -> None:
        """Kill and remove all; the project's folders too."""
        self.writes += 1
        entries = list(self._ledger.entries())
        await asyncio.gather(*(self._ending.remove(entry) for entry in entries))
        self._ledger.destroy()

    async def _start(self, launch: Launch) -> Entry:
        """A pid that a kept record already bears is not used: it is what callers know us by."""
        self.writes += 1
        for _ in range(PID_CHOICES):
            entry = await self._starter.start(launch)
            if self._known(entry.engine_id) in (None, entry):
                break
            await self._ending.remove(entry)
        self._names[entry.engine_id] = entry.name
        self._ending.adopt(entry)
        self._hints.tell(EngineEvent("started", launch.id, entry.engine_id))
        return entry

    def _known(self, engine_id: str) -> Entry | None:
        entry = self._ledger.get(self._names.get(engine_id, engine_id))
        return entry if entry is not None and entry.engine_id == engine_id else None

    def _find(self, engine_id: str) -> Entry | None:
        """By what is remembered, else (another instance started it) by looking through all."""
        if (entry := self._known(engine_id)) is None:
            self._names = {entry.engine_id: entry.name for entry in self._ledger.entries()}
            entry = self._known(engine_id)
        return entry

    def _running(self, engine_id: str) -> Entry:
        entry = self._find(engine_id)
        if entry is None or not runs(entry):
            raise NotFoundError(f"no replica with the id {engine_id} runs")
        return entry

    def _replica(self, entry: Entry) -> EngineReplica:
        record = entry.record
        running = self._ending.adopt(entry)
        return EngineReplica(
            id=record.id,
            engine_id=entry.engine_id,
            node=record.node,
            revision=record.revision,
            running=running,
            endpoint=record.endpoint,
            exit=None if running or entry.claim is None else exit_of(entry),
            started_wall=entry.claim.at if entry.claim else None,
            cpu_request_millicores=record.cpu_request_millicores,
            memory_request_bytes=record.memory_request_bytes,
        )

    async def _trim_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TRIM_PERIOD_S)
            with contextlib.suppress(OSError):
                for entry in self._ledger.entries():
                    logs.trim(entry.folder / "log")
