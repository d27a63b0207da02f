"""From a launch to a running, claimed replica, in steps that may be interrupted anywhere.

1. choose (program, folder, port): nothing is changed if that fails
2. write the intent, 3. make the control group, 4. start the keeper, 5. it claims and runs the app

Killed before 5, the folder has no claim and nothing runs: a later start takes it away and begins
anew. Killed after 5, the folder tells everything.
"""

import contextlib
import uuid
from pathlib import Path

from orchestrator.engines.process import cgroup, command, identity, keeper
from orchestrator.engines.process.cgroup import Cgroups, Limits
from orchestrator.engines.process.keeper import Command
from orchestrator.engines.process.ledger import Entry, Ledger, Record, read
from orchestrator.engines.process.ports import Lease, PortPool
from orchestrator.model.errors import EngineError, EngineTimeoutError
from orchestrator.model.launch import Launch


class Starter:
    """Starts replicas into one ledger."""

    def __init__(self, ledger: Ledger, cgroups: Cgroups) -> None:
        self._ledger = ledger
        self._cgroups = cgroups
        self._ports = PortPool()

    async def start(self, launch: Launch) -> Entry:
        """Raises `EngineError` with nothing left behind, `EngineTimeoutError`."""
        run = uuid.uuid4().hex
        workdir = command.workdir(launch)
        env = command.environment(launch, run)
        argv = command.argv(launch, env, workdir)
        try:
            with self._ports.lease() if launch.port else contextlib.nullcontext() as lease:
                if lease is not None:
                    env["PORT"] = str(lease.port)
                record = self._record(launch, run, workdir, lease)
                return await self._run(record, launch, Command(argv, env, workdir), lease)
        except TimeoutError as error:
            raise EngineTimeoutError(f"{launch.id.name} has not begun in time") from error
        except OSError as error:
            raise EngineError(
                f"{launch.id.name} could not be started: {error.strerror or error}",
                remedy="the system may be out of processes, file descriptors or disk space",
            ) from error

    async def _run(
        self, record: Record, launch: Launch, what: Command, lease: Lease | None
    ) -> Entry:
        folder = self._ledger.create(record)
        try:
            bounded = self._bound(record, launch, what)
            pid = await keeper.launch(bounded, folder, lease.lock if lease else None)
        except OSError as error:
            if not isinstance(error, TimeoutError):
                self._undo(folder, record)
            raise
        entry = read(folder)
        if pid is None or entry is None or entry.claim is None:
            why = _last_words(folder)
            self._undo(folder, record)
            raise EngineError(f"{launch.id.name} could not be started: {why}")
        return entry

    def _record(self, launch: Launch, run: str, workdir: str, lease: Lease | None) -> Record:
        return Record(
            id=launch.id,
            node=launch.node,
            revision=launch.revision,
            run=run,
            boot=identity.boot_id(),
            workdir=workdir,
            port=None if lease is None else lease.port,
            cgroups=self._cgroups.paths(f"{launch.id}-{run[:8]}"),
            cpu_request_millicores=launch.cpu_request_millicores,
            memory_request_bytes=launch.memory_request_bytes,
        )

    def _bound(self, record: Record, launch: Launch, what: Command) -> Command:
        """The command within its limits: control groups where there are some, and for memory
        RLIMIT_DATA else (RLIMIT_AS would count what is only reserved, such as thread stacks)."""
        limits = Limits(
            launch.cpu_limit_millicores, launch.memory_limit_bytes, launch.security.pids_limit
        )
        cgroup.create(record.cgroups, limits)
        bounded = "memory" in self._cgroups.controllers
        return Command(
            argv=what.argv,
            env=what.env,
            workdir=what.workdir,
            cgroup_files=cgroup.join_files(record.cgroups),
            data_bytes=None if bounded else launch.memory_limit_bytes,
        )

    def _undo(self, folder: Path, record: Record) -> None:
        """Unless all was removed meanwhile, and perhaps begun anew: then it is not ours."""
        entry = read(folder)
        if entry is not None and entry.record.run == record.run:
            self._ledger.remove(entry)
        cgroup.remove(record.cgroups)


def _last_words(folder: Path) -> str:
    try:
        text = (folder / "log").read_text(errors="replace").strip()
    except OSError:
        text = ""
    return text.splitlines()[-1] if text else "it ended before it began"
