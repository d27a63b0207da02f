"""What runs, written down: one folder per replica is what labels are to containers.

    STATE/process/web-2.1/record.json   the intent, complete before anything is started
                          claim         who runs it: the keeper and the app, one line each;
                                        or that nobody ever will
                          log           what it says (log.1: what it said before)
                          exit          how it ended, one number

The folder appears with its record in one rename and goes in one rename, so that whoever is killed
in between leaves either all of it or nothing that counts.
"""

import contextlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.engines.process.identity import Process, boot_id, parse_identity
from orchestrator.model.state import Endpoint, ReplicaId

HIDDEN: Final = "."
_FORBIDDEN: Final = "nobody\n"
_FOLDER: Final = re.compile(r"([a-z0-9-]{1,63})-([0-9]{1,9})\.([0-9]{1,9})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Record:
    """The intent to run one replica. Holds no environment: that may be secret."""

    id: ReplicaId
    node: str
    revision: str
    run: str
    """Unique text that every process of this replica has in its environment."""
    boot: str
    workdir: str
    port: int | None
    cgroups: tuple[str, ...]
    cpu_request_millicores: int
    memory_request_bytes: int

    @property
    def endpoint(self) -> Endpoint | None:
        """Where it is told to listen."""
        return None if self.port is None else Endpoint("127.0.0.1", self.port)


@dataclass(frozen=True, slots=True)
class Claim:
    """The two processes that run a replica, and when they began (seconds since the epoch)."""

    keeper: Process
    app: Process
    at: float


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is written of one replica."""

    folder: Path
    record: Record
    claim: Claim | None
    exit_code: int | None

    @property
    def name(self) -> str:
        """`web-2.1`."""
        return self.folder.name

    @property
    def engine_id(self) -> str:
        """The app's pid; the name of one that never ran."""
        return str(self.claim.app.pid) if self.claim else self.name


class Ledger:
    """The folder of all replicas of a project."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def prepare(self) -> None:
        """Make the folder; sweep up what an interrupted write or removal left."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()

    def entries(self) -> Iterator[Entry]:
        """Every replica written down."""
        try:
            names = sorted(os.listdir(self.root))  # noqa: PTH208
        except FileNotFoundError:
            return
        for name in names:
            if not name.startswith(HIDDEN) and (entry := read(self.root / name)) is not None:
                yield entry

    def get(self, name: str) -> Entry | None:
        """The replica of that name (`web-2.1`)."""
        return read(self.root / name) if "/" not in name else None

    def create(self, record: Record) -> Path:
        """Write the intent and return its folder. Raises `OSError`, also when there is one."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        hidden = self.root / f"{HIDDEN}new-{record.run}"
        folder = self.root / str(record.id)
        hidden.mkdir(mode=0o700)
        try:
            (hidden / "record.json").write_text(_encode(record))
            return hidden.rename(folder)
        except BaseException:
            shutil.rmtree(hidden, ignore_errors=True)
            raise

    def forbid(self, entry: Entry) -> Entry | None:
        """Make sure that what has no claim never gets one. Returns the entry itself if so, a new
        one if a late starter came first (its claim may be in writing), None if it is gone."""
        claim = entry.folder / "claim"
        try:
            with claim.open("x") as file:
                file.write(_FORBIDDEN)
        except FileNotFoundError:
            return None
        except FileExistsError:
            return entry if claim.read_text() == _FORBIDDEN else self.get(entry.name)
        return entry

    def remove(self, entry: Entry) -> None:
        """Remove a replica's folder, of which nothing runs."""
        if (hidden := self.discard(entry)) is not None:
            shutil.rmtree(hidden, ignore_errors=True)

    def discard(self, entry: Entry) -> Path | None:
        """Take a replica off the list; returns where its folder went, None if it was gone."""
        hidden = self.root / f"{HIDDEN}gone-{uuid.uuid4().hex}"
        try:
            return entry.folder.rename(hidden)
        except FileNotFoundError:
            return None

    def destroy(self) -> None:
        """Remove the folder, if nothing is left in it that is not ours."""
        self._sweep()
        with contextlib.suppress(OSError):
            self.root.rmdir()

    def _sweep(self) -> None:
        for leftover in self.root.glob(f"{HIDDEN}*"):
            shutil.rmtree(leftover, ignore_errors=True)


def read(folder: Path) -> Entry | None:
    """Read one replica's folder; None where there is none, or none of ours.

    Without a valid record it is a replica of no node and no revision: something to replace.
    Raises `OSError` when that cannot be known.
    """
    record: Record | None
    try:
        record = _decode((folder / "record.json").read_bytes())
    except (ValueError, KeyError, TypeError, FileNotFoundError, NotADirectoryError):
        record = _salvaged(folder)
    if record is None:
        return None
    return Entry(folder, record, claim_in(folder), _exit_code(folder / "exit"))


def note_exit(folder: Path, code: int) -> None:
    """Write down how a replica ended, where its keeper could not."""
    with contextlib.suppress(OSError):
        (folder / "exit").write_text(f"{code}\n")


def claim_in(folder: Path) -> Claim | None:
    """Who runs what the folder is for; None: nobody, or it is being written."""
    try:
        with (folder / "claim").open() as file:
            keeper, app = file.read().splitlines()
            return Claim(
                parse_identity(keeper), parse_identity(app), os.fstat(file.fileno()).st_mtime
            )
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _exit_code(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def _salvaged(folder: Path) -> Record | None:
    name = _FOLDER.fullmatch(folder.name)
    if name is None or not folder.is_dir():
        return None
    replica_id = ReplicaId(name[1], int(name[2]), int(name[3]))
    return Record(replica_id, "", "", "", boot_id(), "/", None, (), 0, 0)


def _encode(record: Record) -> str:
    return json.dumps(
        {
            "id": list(record.id),
            "node": record.node,
            "revision": record.revision,
            "run": record.run,
            "boot": record.boot,
            "workdir": record.workdir,
            "port": record.port,
            "cgroups": list(record.cgroups),
            "cpu_request_millicores": record.cpu_request_millicores,
            "memory_request_bytes": record.memory_request_bytes,
        }
    )


def _decode(raw: bytes) -> Record:
    fields = json.loads(raw)
    service, slot, attempt = fields.pop("id")
    cgroups = tuple(fields.pop("cgroups"))
    return Record(id=ReplicaId(service, slot, attempt), cgroups=cgroups, **fields)
