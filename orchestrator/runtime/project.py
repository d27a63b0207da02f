"""A project's folder on disk, and who controls it.

BASE/PROJECT/           0700
  controller.json       who serves this project, and where (0600)
  controller.lock       held by that process for as long as it lives
  state.db              desired state, history, events
  run/ process/ …       sockets and records of the workers and of the process engine
  tls/                  keys and certificates of the proxy, by the authority of BASE/.tls
"""

import contextlib
import fcntl
import json
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from orchestrator.model.errors import ConflictError, InvalidRequestError, StateError
from orchestrator.model.names import NAME_RULE, is_name
from orchestrator.runtime.processes import start_ticks

DEFAULT_PROJECT: Final = "default"


@dataclass(frozen=True, slots=True)
class ControllerRecord:
    """Who controls a project. `start_time` (clock ticks since boot) tells a reused pid apart."""

    pid: int
    start_time: int
    url: str
    version: str
    project: str

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return start_ticks(self.pid) == self.start_time


class Project:
    """The folder of one project. Raises `InvalidRequestError` on a name that is none."""

    def __init__(self, name: str, base: Path) -> None:
        if not is_name(name):
            raise InvalidRequestError(f"{name!r} cannot name a project", remedy=f"use {NAME_RULE}")
        self.name = name
        self.folder = base / name
        self.base = base
        self.run_dir = self.folder / "run"
        self.certificates_dir = self.folder / "tls"
        self.database = self.folder / "state.db"
        self.log_file = self.folder / "controller.log"
        self._record = self.folder / "controller.json"
        self._lock_file = self.folder / "controller.lock"
        self._engine_file = self.folder / "engine"
        self._lock: int | None = None

    def create(self) -> None:
        """Make the folder, for its owner only. Raises `StateError`."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as error:
            raise StateError(
                f"cannot use the state folder {self.folder}: {error.strerror}",
                remedy="choose another with --state-dir or ORCH_STATE_DIR",
            ) from error

    def lock(self) -> None:
        """Become the one controller of this project until the process ends.

        Raises `ConflictError` that names the other one.
        """
        self.create()
        handle = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise ConflictError(
                f"project {self.name!r} already has a controller{self._named()}",
                remedy=f"use it, or stop it with: orch down --project {self.name}",
            ) from None
        self._lock = handle

    def unlock(self) -> None:
        """Give the project free; what `announce` wrote is taken back."""
        if self._lock is None:
            return
        self._record.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = None

    def announce(self, url: str, version: str) -> None:
        """Tell command lines where the controller answers."""
        pid = os.getpid()
        record = ControllerRecord(pid, start_ticks(pid) or 0, url, version, self.name)
        write_private(self._record, json.dumps(asdict(record)))

    def remember_engine(self, name: str) -> None:
        """The engine on which this project's replicas run, for the next controller."""
        write_private(self._engine_file, name)

    def engine(self) -> str:
        """The engine an earlier controller used, "" where there was none."""
        try:
            return self._engine_file.read_text()
        except OSError:
            return ""

    def controller(self) -> ControllerRecord | None:
        """Who controls the project now; None if nobody does."""
        record = self._read_record()
        return record if record is not None and record.alive else None

    def remove(self) -> None:
        """Forget the project: its folder and all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read_record(self) -> ControllerRecord | None:
        try:
            return ControllerRecord(**json.loads(self._record.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _named(self) -> str:
        record = self._read_record()
        return f": pid {record.pid} at {record.url}" if record else ""


def write_private(path: Path, text: str) -> None:
    """Write a file (0600) so that a reader sees the old one or the whole new one."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
        draft.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def default_base() -> Path:
    """Where state folders live: $ORCH_STATE_DIR, else the XDG state folder."""
    if given := os.environ.get("ORCH_STATE_DIR"):
        return Path(given).expanduser().absolute()
    xdg = os.environ.get("XDG_STATE_HOME")
    return (Path(xdg) if xdg else Path.home() / ".local" / "state") / "orchestrator"


def resolve(project: str | None = None, state_dir: str | Path | None = None) -> Project:
    """The project that options and environment name. Raises `InvalidRequestError`."""
    name = project or os.environ.get("ORCH_PROJECT") or DEFAULT_PROJECT
    base = Path(state_dir).expanduser().absolute() if state_dir else default_base()
    return Project(name, base)
