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
from orchestrator.proxy.syntax import CRLF

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper as Memo

    from orchestrator.proxy.exchange import Exchange
    from orchestrator.proxy.request_head import RequestHead

FLUSH_S: Final = 1.0
BATCH: Final = 128
MAX_BYTES: Final = 50_000_000
"""At this size a file becomes `FILE.1`, and the one before it goes."""

_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
_LONGEST_KEPT: Final = 512  # Bytes of a request line: bounds what 256 of them take.
_NOTED: Final = re.compile(r"\r\n([UuRr])(?i:ser-agent|eferer):[\t ]*+([^\r]*+)").findall
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_UNSAFE: Final = re.compile(r"[^ !#-\[\]-~]")


class AccessLog:
    """The file of one service, in one format. Lines are written once a second at the latest."""

    def __init__(self, path: Path, combined: bool) -> None:
        self._path = path
        self._line = _combined if combined else _json
        # Put into words in batches: 2 µs a line, against 6 µs between two other requests.
        self._entries: list[tuple[Exchange, float, float]] = []
        self._timer: asyncio.TimerHandle | None = None

    def log(self, exchange: "Exchange", took_s: float, now: float) -> None:
        """A request that is over at `now`, in seconds of `perf_counter`."""
        exchange.pieces = None  # Its body has no business here.
        self._entries.append((exchange, took_s, now))
        if len(self._entries) >= BATCH:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write what is there. Lines that the disk does not take are lost: traffic goes first."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        entries, self._entries = self._entries, []
        if entries:
            line, ahead = self._line, time.time() - time.perf_counter()
            lines = [line(exchange, took_s, now + ahead) for exchange, took_s, now in entries]
            data = "".join(lines).encode("ascii")
            with contextlib.suppress(OSError):
                self._write(data)

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


def _json(exchange: "Exchange", took_s: float, now: float) -> str:
    request = exchange.request
    connect_s, queued_s = exchange.connect_s, exchange.queued_s
    return (
        f'{{"time":"{_iso(int(now * 1000))}","client":"{exchange.client.peer}"'
        f"{_asked(request, _asked_json)}{0 if request.http10 else 1}"
        f'","status":{exchange.status or CLIENT_GONE},"bytes_in":{exchange.bytes_in}'
        f',"bytes_out":{exchange.bytes_out},"duration_ms":{took_s * 1000:.3f}'
        f',"upstream_connect_ms":{f"{connect_s * 1000:.3f}" if connect_s else "null"}'
        f',"queue_ms":{f"{queued_s * 1000:.3f}" if queued_s else "null"}'
        f',"replica":{_replica_of(exchange)},"retries":{exchange.retries}'
        f',"request_id":{_quoted_id(request.request_id)}{_said(request, _said_json)}'
    )


def _combined(exchange: "Exchange", _took_s: float, now: float) -> str:
    """As Apache and nginx have it: the bytes are those of the body. The time is UTC."""
    request = exchange.request
    return (
        f"{exchange.client.peer} - - [{_clf(int(now))}]"
        f"{_asked(request, _asked_combined)}{0 if request.http10 else 1}"
        f'" {exchange.status or CLIENT_GONE} {exchange.bytes_out - exchange.head_bytes}'
        f"{_said(request, _said_combined)}"
    )


def _asked(request: "RequestHead", words: "Memo[str]") -> str:
    """The middle of a line: method, target and the beginning of the protocol. For targets that
    repeat it is put into words once: 0.3 µs less."""
    line = request.upstream.partition(CRLF)[0]
    return words(line) if len(line) <= _LONGEST_KEPT else words.__wrapped__(line)


@lru_cache(maxsize=256)
def _asked_json(line: bytes) -> str:
    method, target = _method_and_target(line)
    return f',"method":"{method}","target":{quoted(target)},"protocol":"HTTP/1.'


@lru_cache(maxsize=256)
def _asked_combined(line: bytes) -> str:
    method, target = _method_and_target(line)
    return f' "{method} {_escaped(target)} HTTP/1.'


def _method_and_target(line: bytes) -> list[str]:
    return line.decode("ascii", "backslashreplace").split(" ", 2)[:2]


def _said(request: "RequestHead", words: "Memo[str]") -> str:
    """The end of a line: what header lines say. For lines that repeat it is put into words once:
    1.2 µs less for a browser's."""
    headers = request.headers
    return words.__wrapped__(request.upstream) if headers is None else words(headers.upstream)


@lru_cache(maxsize=256)
def _said_json(head: bytes) -> str:
    agent, referer = _noted(head)
    return (
        f',"user_agent":{quoted(agent) if agent else "null"}'
        f',"referer":{quoted(referer) if referer else "null"}}}\n'
    )


@lru_cache(maxsize=256)
def _said_combined(head: bytes) -> str:
    agent, referer = _noted(head)
    return f' "{_escaped(referer or "-")}" "{_escaped(agent or "-")}"\n'


def _noted(head: bytes) -> tuple[str, str]:
    """User-Agent and Referer, "" for what was not sent."""
    agent = referer = ""
    for initial, value in _NOTED(head.decode("utf-8", "backslashreplace")):
        if initial in "Uu":
            agent = value
        else:
            referer = value
    return agent, referer


def _quoted_id(request_id: bytes) -> str:
    """An id is safe as it is: `request_ids.is_request_id` let it in."""
    return f'"{request_id.decode("ascii")}"' if request_id else "null"


def _replica_of(exchange: "Exchange") -> str:
    """The last replica that was to answer, if it came to that."""
    backend = getattr(exchange, "backend", None)
    return "null" if backend is None else quoted(backend.endpoint.label)


def _escaped(text: str) -> str:
    """As nginx: `"`, `\\` and all but printable ASCII as `\\xXX` for each byte."""
    return _UNSAFE.sub(_hex, text)


def _hex(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02X}" for byte in found[0].encode("utf-8"))


@lru_cache(maxsize=1)
def _iso(milliseconds: int) -> str:
    second, rest = divmod(milliseconds, 1000)
    return f"{_iso_second(second)}.{rest:03}Z"


@lru_cache(maxsize=1)
def _iso_second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


@lru_cache(maxsize=1)
def _clf(second: int) -> str:
    moment = time.gmtime(second)
    month = _MONTHS[moment.tm_mon - 1]  # Not %b, which a locale may change.
    return time.strftime(f"%d/{month}/%Y:%H:%M:%S +0000", moment)
