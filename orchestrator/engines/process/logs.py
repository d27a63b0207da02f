"""A replica's output: one file for both streams, in the order written, bounded in size."""

import asyncio
import contextlib
import shutil
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

MAX_BYTES: Final = 10 * 2**20
"""At most this in `log` and as much in `log.1`."""
MAX_LINE: Final = 64 * 2**10
"""Longer lines come in pieces of this many bytes."""
_CHUNK: Final = 256 * 2**10
_PAUSE_S: Final = 0.05


async def lines(
    log: Path, ended: Callable[[], bool], *, tail: int | None, follow: bool
) -> AsyncIterator[str]:
    """The last `tail` lines (None: all) and, if `follow`, what comes until `ended()`."""
    reader = _Reader(log)
    for line in deque(reader.past(), maxlen=tail):
        yield line
    while follow:
        last = ended()  # asked first: what it wrote before its end is then in the file
        for line in reader.more():
            yield line
        if last:
            break
        await asyncio.sleep(_PAUSE_S)
    if rest := reader.rest():
        yield rest


def trim(log: Path) -> None:
    """Move a log that has grown too long aside. The writer appends, so it goes on at the start
    of the emptied file; what it writes in between (well under a millisecond) is lost."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > MAX_BYTES:
            shutil.copyfile(log, _older(log))
            _older(log).chmod(0o600)
            with log.open("r+b") as file:
                file.truncate(0)


def _older(log: Path) -> Path:
    return log.with_name(log.name + ".1")


class _Reader:
    """Reads a growing file line by line; starts anew when it was emptied."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._offset = 0
        self._partial = b""

    def past(self) -> list[str]:
        """All complete lines so far."""
        older = _read(_older(self._log), 0).splitlines()
        return [_text(line) for line in older] + list(self.more())

    def more(self) -> list[str]:
        """Complete lines that have come since."""
        found: list[str] = []
        while data := self._next():
            *complete, self._partial = (self._partial + data).split(b"\n")
            found += [_text(piece) for line in complete for piece in _pieces(line)]
            if len(self._partial) > MAX_LINE:
                found.append(_text(self._partial))
                self._partial = b""
        return found

    def rest(self) -> str:
        """What follows the last line end."""
        return _text(self._partial)

    def _next(self) -> bytes:
        with contextlib.suppress(OSError):
            if self._log.stat().st_size < self._offset:
                self._offset = 0
        data = _read(self._log, self._offset, _CHUNK)
        self._offset += len(data)
        return data


def _read(path: Path, offset: int, size: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(size)
    except OSError:
        return b""


def _pieces(line: bytes) -> list[bytes]:
    if len(line) <= MAX_LINE:
        return [line]
    return [line[start : start + MAX_LINE] for start in range(0, len(line), MAX_LINE)]


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").decode(errors="replace")
