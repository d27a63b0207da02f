"""One line for each request, whatever the request says: nothing a client sends ends a line.

Several workers append to the same file, each whole lines in one write. Control characters, quotes
and everything beyond ASCII are escaped.
"""

import asyncio
import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.model.snapshot import Listener
from orchestrator.proxy.log_formats import COMBINED, JSON

if TYPE_CHECKING:
    from orchestrator.proxy.exchange import Exchange

FLUSH_S: Final = 1.0
BATCH: Final = 128
MAX_BYTES: Final = 50_000_000
"""At this size a file becomes `FILE.1`, and the one before it goes."""

_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


class AccessLog:
    """The file of one service, in one format. Lines are written once a second at the latest."""

    def __init__(self, path: Path, combined: bool) -> None:
        self._path = path
        self._format = COMBINED if combined else JSON
        self._facts: list[tuple[Any, ...]] = []
        self._timer: asyncio.TimerHandle | None = None

    def log(self, exchange: "Exchange", took_s: float, now: float) -> None:
        """A request that is over at `now`, in seconds of `perf_counter`."""
        self._facts.append(self._format.facts(exchange, took_s, now))
        if len(self._facts) >= BATCH:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write what is there. Lines that the disk does not take are lost: traffic goes first."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        facts, self._facts = self._facts, []
        if facts:
            lines = self._format.lines(facts, time.time() - time.perf_counter())
            with contextlib.suppress(OSError):
                self._write("".join(lines).encode("ascii"))

    def _write(self, data: bytes) -> None:
        # Opened anew each time: the file may have been rotated by another worker, or by a person.
        try:
            handle = os.open(self._path, _APPEND, 0o600)
        except FileNotFoundError:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(self._path, _APPEND, 0o600)
        try:
            os.write(handle, data)
            if os.fstat(handle).st_size >= MAX_BYTES:
                self._rotate(handle)
        finally:
            os.close(handle)

    def _rotate(self, handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # One worker does it.
        if self._path.stat().st_ino == os.fstat(handle).st_ino:
            self._path.replace(self._path.with_name(self._path.name + ".1"))


class AccessLogs:
    """The access logs of a worker: `FOLDER/SERVICE.log`, or none without a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._logs: dict[tuple[str, str], AccessLog] = {}

    def of(self, listener: Listener) -> AccessLog | None:
        """Where requests of this listener are logged; None if they are not."""
        if listener.access_log == "off" or self._folder is None:
            return None
        key = (listener.service, listener.access_log)
        if key not in self._logs:
            path = self._folder / f"{listener.service}.log"
            self._logs[key] = AccessLog(path, listener.access_log == "combined")
        return self._logs[key]

    def flush(self) -> None:
        """Write what is there."""
        for log in self._logs.values():
            log.flush()
