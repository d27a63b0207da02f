"""Response heads: bytes from a replica in, the header lines for the client out. No sockets here."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.proxy.syntax import (
    BLANKS,
    CHUNKED,
    END_OF_HEAD,
    MAX_HEAD_BYTES,
    TOKEN,
    UNTIL_CLOSE,
    VALUE,
    HttpError,
    content_length,
    options,
    special_headers,
    without_named,
)

if TYPE_CHECKING:
    from orchestrator.proxy.header_rules import HeaderEdit

_HEAD: Final = re.compile(
    rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: " + VALUE + rb"*+)?"
    rb"(?:\r\n" + TOKEN + rb"++:" + VALUE + rb"*+)*\r\n\r\n"
).match
_START: Final = b"HTTP/1."
_LENGTH_LINE: Final = re.compile(rb"\r\nContent-Length: [^\r]*+")
_LONE_LF: Final = re.compile(rb"(?<!\r)\n").search
_SPECIAL: Final = special_headers(
    b"connection",
    b"content-length",
    b"transfer-encoding",
    b"keep-alive",
    b"upgrade",
    b"trailer",
    b"proxy-connection",
    b"x-replica",
)


@dataclass(slots=True)
class ResponseHead:
    """A response that may be forwarded."""

    end: int
    """Bytes the head took of the buffer; the body starts there."""
    status: int
    lines: bytes
    """Status line and end-to-end header lines, without the end of the head."""
    length: int
    """Bytes of the body, `CHUNKED` or `UNTIL_CLOSE`."""
    keep_alive: bool = True
    """Whether the replica's connection can take another request."""
    upgrade: bytes = b""
    edited: "tuple[HeaderEdit, bytes] | None" = None
    """`lines` as a service's rules change them, and which."""
    received: bytes = b""
    """As it came, if a request like any other got it: then the next one may be the same."""


def parse_response(data: bytes, to_head: bool) -> ResponseHead | None:
    """The response head at the start of `data`; None while it is incomplete.

    `to_head`: it answers a HEAD request, so it has no body whatever it says.
    Raises `HttpError` (502) on what must not be forwarded.
    """
    match = _HEAD(data)
    if match is None:
        if len(data) >= MAX_HEAD_BYTES or END_OF_HEAD in data or _cannot_become_a_head(data):
            raise malformed("malformed response head")
        return None
    end = match.end()
    if end > MAX_HEAD_BYTES:
        raise malformed("response head too large")
    minor, status = match.groups()
    lines, fields = _sort(_SPECIAL(data[: end - 4]))
    if minor == b"0":
        lines[0] = b"HTTP/1.1" + lines[0][8:]
    head = ResponseHead(end, int(status), b"".join(lines), 0)
    _delimit(head, fields, to_head, minor == b"0")
    # `keep-alive` says nothing new, and most replicas say it: 0.7 µs less.
    if minor == b"0" or fields.get(b"connection", b"keep-alive") != b"keep-alive":
        _connection(head, fields, minor == b"0")
    return head


def _cannot_become_a_head(data: bytes) -> bool:
    # Refused at once: waiting for the rest would end in a time-out, which names a wrong cause.
    return not data.startswith(_START[: len(data)]) or _LONE_LF(data) is not None


def malformed(reason: str) -> HttpError:
    """The error for a response that cannot be forwarded."""
    return HttpError(502, reason, "http_protocol_error")


def _sort(parts: list[bytes]) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Text between special headers with those to keep, and the special headers by name."""
    lines = [parts[0]]
    fields: dict[bytes, bytes] = {}
    for at in range(1, len(parts), 3):
        name, value = parts[at].lower(), parts[at + 1].rstrip(BLANKS)
        if name == b"content-length":
            lines.append(b"\r\nContent-Length: " + value)
        if name in fields:
            if name in (b"content-length", b"transfer-encoding"):
                raise malformed(f"more than one {name.decode()} header")
            value = fields[name] + b"," + value
        fields[name] = value
        lines.append(parts[at + 2])
    return lines, fields


def _delimit(head: ResponseHead, fields: dict[bytes, bytes], to_head: bool, http10: bool) -> None:
    """Find where the body ends (RFC 9112 6.3)."""
    coding, declared = fields.get(b"transfer-encoding"), fields.get(b"content-length")
    if coding is not None:
        if declared is not None or http10 or coding.lower() != b"chunked":
            raise malformed("ambiguous length of the response")
        head.length = CHUNKED
    elif declared is None:
        head.length = UNTIL_CLOSE
    else:
        try:
            head.length = content_length(declared)
        except ValueError as error:
            raise malformed(str(error)) from None
    if to_head or head.status < 200 or head.status in (204, 304):
        announced = head.length not in (0, UNTIL_CLOSE)
        head.length = 0
        if announced and not to_head and head.status != 304:
            _drop_body(head)
            return
    head.keep_alive = head.length != UNTIL_CLOSE


def _drop_body(head: ResponseHead) -> None:
    """A status that has no body came with one (RFC 9110 8.6, 15.3.5).

    What follows could be taken for the next response: that connection takes no more requests.
    """
    if head.status < 200:
        raise malformed("interim response with a body")
    head.keep_alive = False
    head.lines = _LENGTH_LINE.sub(b"", head.lines)


def _connection(head: ResponseHead, fields: dict[bytes, bytes], http10: bool) -> None:
    named = options(fields.get(b"connection", b""))
    if b"close" in named or (http10 and b"keep-alive" not in named):
        head.keep_alive = False
    head.lines = without_named(head.lines, named)
    if b"upgrade" in named:
        head.upgrade = fields.get(b"upgrade", b"")
