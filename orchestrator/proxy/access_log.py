"""One line for each request, whatever the request says: nothing a client sends ends a line.

Several workers append to the same file, each whole lines in one write. Control characters, quotes
and everything beyond ASCII are escaped.
"""

import asyncio
import contextlib
import fcntl
import os
import re
import time
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import TYPE_CHECKING, Final

from orchestrator.model.snapshot import Listener
from orchestrator.proxy.numbers import CLIENT_GONE

if TYPE_CHECKING:
    from orchestrator.proxy.exchange import Exchange

FLUSH_S: Final = 1.0
FLUSH_BYTES: Final = 64 * 1024
MAX_BYTES: Final = 50_000_000
"""At this size a file becomes `FILE.1`, and the one before it goes."""

# The look at the first letter spares most lines the comparison without case.
_NOTED: Final = re.compile(
    rb"\r\n(?=[urxURX])(?i:(user-agent|referer|x-request-id)):[\t ]*+([^\r]*+)"
).findall
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_UNSAFE: Final = re.compile(r"[^ !#-\[\]-~]")


class AccessLog:
    """The file of one service, in one format. Lines are written once a second at the latest."""

    def __init__(self, path: Path, combined: bool) -> None:
        self._path = path
        self._format = _combined if combined else _json
        self._lines: list[str] = []
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None

    def log(self, exchange: "Exchange", took_s: float) -> None:
        """A request that is over."""
        line = self._format(exchange, took_s, time.time())
        self._lines.append(line)
        self._size += len(line)
        if self._size >= FLUSH_BYTES:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write what is there. Lines that the disk does not take are lost: traffic goes first."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        data = "".join(self._lines).encode("ascii")
        self._lines.clear()
        self._size = 0
        if data:
            with contextlib.suppress(OSError):
                self._write(data)

    def _write(self, data: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        # Opened anew each time: the file may have been rotated by another worker, or by a person.
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
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


def _json(exchange: "Exchange", took_s: float, now: float) -> str:
    method, target, noted = _request_of(exchange)
    replica = _replica_of(exchange)
    return (
        f'{{"time":"{_iso(now)}","client":"{exchange.client.peer}","method":"{method}"'
        f',"target":{quoted(target)},"protocol":"{_protocol_of(exchange)}"'
        f',"status":{exchange.status or CLIENT_GONE},"bytes_in":{exchange.bytes_in}'
        f',"bytes_out":{exchange.bytes_out},"duration_ms":{took_s * 1000:.3f}'
        f',"upstream_connect_ms":{_ms(exchange.connect_s)},"queue_ms":{_ms(exchange.queued_s)}'
        f',"replica":{quoted(replica) if replica else "null"},"retries":{exchange.retries}'
        f',"request_id":{_text(noted, b"x-request-id")},"user_agent":{_text(noted, b"user-agent")}'
        f',"referer":{_text(noted, b"referer")}}}\n'
    )


def _combined(exchange: "Exchange", took_s: float, now: float) -> str:
    """As Apache and nginx: the bytes are those of the body; the time is UTC."""
    del took_s
    method, target, noted = _request_of(exchange)
    body_bytes = exchange.bytes_out - exchange.head_bytes
    return (
        f"{exchange.client.peer} - - [{_clf(int(now))}]"
        f' "{method} {_escaped(target)} {_protocol_of(exchange)}"'
        f" {exchange.status or CLIENT_GONE} {body_bytes}"
        f' "{_escaped(noted.get(b"referer", "-"))}" "{_escaped(noted.get(b"user-agent", "-"))}"\n'
    )


def _request_of(exchange: "Exchange") -> tuple[str, str, dict[bytes, str]]:
    """Method, target and the headers that are logged, by their names in lower case."""
    head = exchange.request.upstream
    method, target, _ = head.split(b" ", 2)
    noted = {name.lower(): _decoded(value) for name, value in _NOTED(head)}
    return method.decode("ascii"), target.decode("ascii"), noted


def _decoded(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


def _protocol_of(exchange: "Exchange") -> str:
    return "HTTP/1.0" if exchange.request.http10 else "HTTP/1.1"


def _replica_of(exchange: "Exchange") -> str:
    """The last replica that was to answer, "" if it never came to that."""
    backend = getattr(exchange, "backend", None)
    return backend.endpoint.label if backend is not None else ""


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f}" if seconds else "null"


def _text(noted: dict[bytes, str], name: bytes) -> str:
    return quoted(noted[name]) if name in noted else "null"


def _escaped(text: str) -> str:
    """As nginx: `"`, `\\` and all but printable ASCII as `\\xXX` of its bytes."""
    return _UNSAFE.sub(_hex, text)


def _hex(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02X}" for byte in found[0].encode("utf-8"))


@lru_cache(maxsize=1)
def _iso_second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _iso(now: float) -> str:
    second = int(now)
    return f"{_iso_second(second)}.{int((now - second) * 1000):03d}Z"


@lru_cache(maxsize=1)
def _clf(second: int) -> str:
    moment = time.gmtime(second)
    month = _MONTHS[moment.tm_mon - 1]  # Not %b, which a locale may change.
    return time.strftime(f"%d/{month}/%Y:%H:%M:%S +0000", moment)
