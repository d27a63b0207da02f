"""What a line of the access log says, in JSON or as Apache and nginx have it.

A format first takes `facts` from a request that is over, and puts many of them into words at a
time: in batches that costs a third. The request itself is not kept for it, since memory that is
used again at once is in the processor's cache: 0.4 µs less a request than lines of kept requests.
"""

import re
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from orchestrator.proxy.numbers import CLIENT_GONE
from orchestrator.proxy.syntax import CRLF

if TYPE_CHECKING:
    from functools import _lru_cache_wrapper as Memo

    from orchestrator.proxy.exchange import Exchange
    from orchestrator.proxy.request_head import RequestHead

_LONGEST_KEPT: Final = 2048  # Bytes: bounds what a memo takes.
_NOTED: Final = re.compile(r"\r\n([UuRr])(?i:ser-agent|eferer):[\t ]*+([^\r]*+)").findall
_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_UNSAFE: Final = re.compile(r"[^ !#-\[\]-~]")


class Format(NamedTuple):
    """`facts(exchange, took_s, now)`: what `lines` needs of a request that is over at `now`, in
    seconds of any clock. `lines(facts, ahead)`: a line for each; the epoch's time is that clock's
    and `ahead`, in seconds."""

    facts: Callable[["Exchange", float, float], tuple[Any, ...]]
    lines: Callable[[Sequence[Any], float], list[str]]


_Combined = tuple[str, float, bytes, int, int, int, bytes]
_Json = tuple[
    float, str, bytes, int, int, int, int, float, float, float, str, int, bytes, bytes
]  # fmt: skip


def _combined_facts(exchange: "Exchange", _took_s: float, now: float) -> _Combined:
    request = exchange.request
    return (
        exchange.client.peer,
        now,
        _request_line(request),
        0 if request.http10 else 1,
        exchange.status or CLIENT_GONE,
        exchange.bytes_out - exchange.head_bytes,
        _header_lines(request),
    )


def _combined_lines(entries: Sequence[_Combined], ahead: float) -> list[str]:
    """The bytes are those of the body. The time is UTC."""
    return [
        f"{client} - - [{_clf(int(now + ahead))}]{_once(_asked_combined, asked)}{minor}"
        f'" {status} {size}{_once(_said_combined, said)}'
        for client, now, asked, minor, status, size, said in entries
    ]


def _json_facts(exchange: "Exchange", took_s: float, now: float) -> _Json:
    request = exchange.request
    backend = getattr(exchange, "backend", None)  # The last one that was to answer, if any was.
    return (
        now,
        exchange.client.peer,
        _request_line(request),
        0 if request.http10 else 1,
        exchange.status or CLIENT_GONE,
        exchange.bytes_in,
        exchange.bytes_out,
        took_s,
        exchange.connect_s,
        exchange.queued_s,
        "" if backend is None else backend.endpoint.label,
        exchange.retries,
        request.request_id,
        _header_lines(request),
    )


def _json_lines(entries: Sequence[_Json], ahead: float) -> list[str]:
    return [
        f'{{"time":"{_iso(int((now + ahead) * 1000))}","client":"{client}"'
        f'{_once(_asked_json, asked)}{minor}","status":{status},"bytes_in":{received}'
        f',"bytes_out":{sent},"duration_ms":{took_s * 1000:.3f}'
        f',"upstream_connect_ms":{f"{connect_s * 1000:.3f}" if connect_s else "null"}'
        f',"queue_ms":{f"{queued_s * 1000:.3f}" if queued_s else "null"}'
        f',"replica":{quoted(replica) if replica else "null"},"retries":{retries}'
        f',"request_id":{_quoted_id(id_)}{_once(_said_json, said)}'
        for (
            now, client, asked, minor, status, received, sent, took_s, connect_s, queued_s,
            replica, retries, id_, said,
        ) in entries
    ]  # fmt: skip


COMBINED: Final = Format(_combined_facts, _combined_lines)
JSON: Final = Format(_json_facts, _json_lines)


def _request_line(request: "RequestHead") -> bytes:
    """Of HTTP/1.1 always."""
    return request.upstream.partition(CRLF)[0]


def _header_lines(request: "RequestHead") -> bytes:
    headers = request.headers
    return request.upstream if headers is None else headers.upstream


def _once(words: "Memo[str]", said: bytes) -> str:
    """What repeats is put into words once: 0.3 µs less for a target that was seen before, 1.2 µs
    less for a browser's header lines."""
    return words(said) if len(said) <= _LONGEST_KEPT else words.__wrapped__(said)


@lru_cache(maxsize=256)
def _asked_json(line: bytes) -> str:
    """Method, target and the beginning of the protocol."""
    method, target = _method_and_target(line)
    return f',"method":"{method}","target":{quoted(target)},"protocol":"HTTP/1.'


@lru_cache(maxsize=256)
def _asked_combined(line: bytes) -> str:
    method, target = _method_and_target(line)
    return f' "{method} {_escaped(target)} HTTP/1.'


def _method_and_target(line: bytes) -> list[str]:
    return line.decode("ascii", "backslashreplace").split(" ", 2)[:2]


@lru_cache(maxsize=256)
def _said_json(head: bytes) -> str:
    """The end of a line."""
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
