"""What a proxy worker has on disk: socket, record, log; and how to end it by them."""

import contextlib
import json
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Final

from orchestrator.runtime.processes import start_ticks
from orchestrator.runtime.project import write_private

STOP_TIMEOUT_S: Final = 10.0
_MAX_SOCKET_PATH: Final = 100  # sun_path holds 104 bytes (BSD) or 108 (Linux), with a final NUL.
_POLL_S: Final = 0.01


class WorkerFiles:
    """Where a worker's socket, record and log are. The folder is for its owner only."""

    def __init__(self, run_dir: Path, number: int) -> None:
        self.record = run_dir / f"proxy-{number}.json"
        self.log = run_dir / f"proxy-{number}.log"
        self.access_logs = run_dir.absolute() / "access"
        self.socket = _socket_folder(run_dir) / f"proxy-{number}.sock"

    def identity(self) -> tuple[int, int] | None:
        """Pid and start time of the worker that still runs; None if there is none."""
        try:
            record = json.loads(self.record.read_text())
            pid, started = int(record["pid"]), int(record["start_time"])
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return (pid, started) if start_ticks(pid) == started else None

    def remove(self) -> None:
        """Leave nothing behind."""
        for path in (self.record, self.log, self.socket):
            path.unlink(missing_ok=True)


def _socket_folder(run_dir: Path) -> Path:
    """The run folder; where its path is too long for a socket, a short one recorded there."""
    if len(os.fsencode(run_dir / "proxy-999.sock")) <= _MAX_SOCKET_PATH:
        return run_dir
    note = run_dir / "sockets.path"
    with contextlib.suppress(OSError):
        folder = Path(note.read_text())
        status = folder.lstat()
        if status.st_uid == os.getuid() and status.st_mode & 0o777 == 0o700 and folder.is_dir():
            return folder
    folder = Path(tempfile.mkdtemp(prefix="orch-"))
    write_private(note, str(folder))
    return folder


def remove_socket_folder(run_dir: Path) -> None:
    """Remove the short folder for sockets, if one was needed."""
    note = run_dir / "sockets.path"
    with contextlib.suppress(OSError):
        Path(note.read_text()).rmdir()
    note.unlink(missing_ok=True)


def stop_orphans(run_dir: Path, timeout_s: float = STOP_TIMEOUT_S) -> list[int]:
    """End the workers a dead controller left; the pids that ran. Blocks up to `timeout_s` twice.

    A pid is signalled only while its start time is the recorded one.
    """
    everyone = [
        WorkerFiles(run_dir, int(record.stem.removeprefix("proxy-")))
        for record in run_dir.glob("proxy-*.json")
    ]
    running = [files for files in everyone if files.identity()]
    pids = [identity[0] for files in running if (identity := files.identity())]
    for signum in (signal.SIGTERM, signal.SIGKILL):
        for files in running:
            if identity := files.identity():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(identity[0], signum)
        deadline = time.monotonic() + timeout_s
        while any(files.identity() for files in running) and time.monotonic() < deadline:
            time.sleep(_POLL_S)
    for files in everyone:
        files.remove()
    if run_dir.is_dir():
        remove_socket_folder(run_dir)
    return pids
