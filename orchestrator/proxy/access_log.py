"""One line for each request, whatever the request says: nothing a client sends ends a line.

Several workers append to the same file, each whole lines in one write. Control characters, quotes
and everything beyond ASCII are escaped.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from typing import Final

from orchestrator.model.snapshot import Listener
from orchestrator.proxy.log_formats import FORMATS, AccessLog

MAX_BYTES: Final = 50_000_000
"""At this size a file becomes `FILE.1`, and the one before it goes."""

_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class LogFile:
    """The file of one service. It is to be closed often: it may have been rotated by another
    worker, or by a person, and is looked for anew then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: int | None = None

    def append(self, lines: bytes) -> None:
        """Write whole lines. Those that the disk does not take are lost: traffic goes first."""
        with contextlib.suppress(OSError):
            if self._handle is None:
                self._handle = self._open()
            os.write(self._handle, lines)

    def close(self) -> None:
        """Until there is more to write."""
        if self._handle is None:
            return
        handle, self._handle = self._handle, None
        try:
            with contextlib.suppress(OSError):
                if os.fstat(handle).st_size >= MAX_BYTES:
                    self._rotate(handle)
        finally:
            os.close(handle)

    def _open(self) -> int:
        try:
            return os.open(self._path, _APPEND, 0o600)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            return os.open(self._path, _APPEND, 0o600)

    def _rotate(self, handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # One worker does it.
        if self._path.stat().st_ino == os.fstat(handle).st_ino:
            self._path.replace(self._path.with_name(self._path.name + ".1"))


class AccessLogs:
    """The access logs of a worker: `FOLDER/SERVICE.log`, or none without a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._logs: dict[tuple[str, str], tuple[AccessLog, LogFile]] = {}

    def of(self, listener: Listener) -> AccessLog | None:
        """Where requests of this listener are logged; None if they are not."""
        if listener.access_log == "off" or self._folder is None:
            return None
        key = (listener.service, listener.access_log)
        if key not in self._logs:
            file = LogFile(self._folder / f"{listener.service}.log")
            self._logs[key] = FORMATS[listener.access_log](file.append), file
        return self._logs[key][0]

    def flush(self) -> None:
        """Write what is there."""
        for log, file in self._logs.values():
            log.flush()
            file.close()
