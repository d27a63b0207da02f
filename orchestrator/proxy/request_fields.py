"""The header lines of a request: which of them say what, and what of them goes on.

One expression cuts them at the few that matter to a proxy; the others are never looked at one by
one. Measured on a browser's head: 0.8 µs, where a callback per header by httptools takes 1.7 µs,
and 2 µs more to put the headers together again.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestrator.proxy.request_ids import is_request_id, is_traceparent
from orchestrator.proxy.syntax import (
    BLANKS,
    CHUNKED,
    TOKEN,
    HttpError,
    content_length,
    options,
    special_headers,
    without_named,
)

if TYPE_CHECKING:
    from orchestrator.proxy.header_rules import HeaderEdit

_SPECIAL: Final = special_headers(
    b"host",
    b"connection",
    b"content-length",
    b"transfer-encoding",
    b"expect",
    b"upgrade",
    b"te",
    b"trailer",
    b"keep-alive",
    b"proxy",
    b"proxy-connection",
    b"proxy-authorization",
    b"forwarded",
    b"x-forwarded-for",
    b"x-forwarded-proto",
    b"x-forwarded-host",
    b"x-forwarded-prefix",
    b"x-request-id",
    b"traceparent",
    b"tracestate",
)
# Host = uri-host [ ":" port ] (RFC 9110 7.2) without the comma, which two joined lines leave.
_HOST: Final = re.compile(
    rb"(?:\[[0-9A-Fa-f:.]++\]|[0-9A-Za-z\-._~%!$&'()*+;=]++)(?::[0-9]{0,5})?"
).fullmatch
_TOKEN: Final = re.compile(TOKEN + rb"++").fullmatch

_KEPT: Final = {b"host": b"\r\nHost: ", b"content-length": b"\r\nContent-Length: "}
_SINGLE: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"upgrade"})
_FORWARDED_HOST: Final = b'"\r\nX-Forwarded-Host: '


@dataclass(slots=True)
class KnownHeaders:
    """What the header lines of a request say."""

    received: bytes
    """As they came, from the line end before them to the end of the head."""
    host: bytes
    keep_alive: bool = True
    length: int = 0
    """Bytes of the body, or `CHUNKED`."""
    upgrade: bool = False
    request_id: bytes = b""
    """Empty if there is none to pass on."""
    traced: bool = False
    """Whether there is a `traceparent` to pass on."""
    lines: bytes = b""
    """For a replica, without the request's name and the end of the head."""
    edited: "tuple[HeaderEdit, bytes] | None" = None
    """`lines` as a service's rules change it, and which."""


def read_headers(received: bytes, forwarded: bytes, authority: bytes | None) -> KnownHeaders:
    """What well-formed header lines say.

    `authority`: in HTTP/1.0, the host if none is named; None in HTTP/1.1.
    Raises `HttpError` (400, 417, 501) on what must not be forwarded.
    """
    lines, fields = _sort(_SPECIAL(received[:-4]))
    http10 = authority is not None
    if authority is not None and b"host" not in fields:
        fields[b"host"] = authority
        lines.append(b"\r\nHost: " + authority)
    host = fields.get(b"host")
    if not host or not _HOST(host):
        raise HttpError(400, "no Host header" if host is None else "malformed Host header")
    headers = KnownHeaders(received, host)
    # Most requests say no more than `Connection: keep-alive` about framing: 0.9 µs less.
    plain = len(fields) == 1 or (len(fields) == 2 and fields.get(b"connection") == b"keep-alive")
    if http10 or not plain:
        _frame(headers, lines, fields, http10)
    lines += (forwarded, host, _FORWARDED_HOST, host)
    headers.lines = b"".join(lines)
    return headers


def _sort(parts: list[bytes]) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Text between special headers with those to keep, and the special headers by name."""
    lines = [parts[0]]
    fields: dict[bytes, bytes] = {}
    for at in range(1, len(parts), 3):
        name, value = parts[at].lower(), parts[at + 1].rstrip(BLANKS)
        if name in _KEPT:
            lines.append(_KEPT[name] + value)
        if name in fields:
            if name in _SINGLE:
                raise HttpError(400, f"more than one {name.decode()} header")
            value = fields[name] + b"," + value
        fields[name] = value
        lines.append(parts[at + 2])
    return lines, fields


def _frame(
    headers: KnownHeaders, lines: list[bytes], fields: dict[bytes, bytes], http10: bool
) -> None:
    """Read what decides where the message ends and what becomes of the connection."""
    named = options(fields.get(b"connection", b""))
    headers.keep_alive = b"close" not in named and (not http10 or b"keep-alive" in named)
    lines[:] = [without_named(b"".join(lines), named)]
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        _check_coding(coding, fields, http10)
        headers.length = CHUNKED
        lines.append(b"\r\nTransfer-Encoding: chunked")
    elif b"content-length" in fields:
        try:
            headers.length = content_length(fields[b"content-length"])
        except ValueError as error:
            raise HttpError(400, str(error)) from None
    if b"upgrade" in fields and b"upgrade" in named:
        _upgrade(headers, lines, fields[b"upgrade"], http10)
    if b"expect" in fields and not http10:
        _expect(lines, fields[b"expect"])
    _identify(headers, lines, fields, named)


def _check_coding(coding: bytes, fields: dict[bytes, bytes], http10: bool) -> None:
    if b"content-length" in fields:
        raise HttpError(400, "both Content-Length and Transfer-Encoding")
    if http10:
        raise HttpError(400, "Transfer-Encoding in HTTP/1.0")
    *others, last = options(coding)
    if last != b"chunked":
        others.append(last)
    if any(b"chunked" in other or not _TOKEN(other) for other in others):
        raise HttpError(400, "malformed Transfer-Encoding")
    if others:
        raise HttpError(501, "unknown Transfer-Encoding")


def _upgrade(headers: KnownHeaders, lines: list[bytes], protocol: bytes, http10: bool) -> None:
    # h2c would let a client speak past every check here; without Upgrade the request is a plain
    # one, which RFC 9110 7.8 allows. So is a request with a body.
    if http10 or headers.length or b"h2c" in protocol.lower():
        return
    headers.upgrade = True
    lines += (b"\r\nConnection: upgrade\r\nUpgrade: ", protocol)


def _expect(lines: list[bytes], value: bytes) -> None:
    """RFC 9110 10.1.1: there is one expectation; HTTP/1.0 has none."""
    if value.lower() != b"100-continue":
        raise HttpError(417, "unknown expectation")
    lines.append(b"\r\nExpect: 100-continue")


def _identify(
    headers: KnownHeaders, lines: list[bytes], fields: dict[bytes, bytes], named: list[bytes]
) -> None:
    """Pass on the names the client gave to its request, unless malformed or for this hop only."""
    request_id = fields.get(b"x-request-id", b"")
    if is_request_id(request_id) and b"x-request-id" not in named:
        headers.request_id = request_id
        lines += (b"\r\nX-Request-Id: ", request_id)
    trace = fields.get(b"traceparent", b"")
    if is_traceparent(trace) and b"traceparent" not in named:
        headers.traced = True
        lines += (b"\r\nTraceparent: ", trace)
        # W3C Trace Context 3.3: without a valid traceparent the state is of no trace.
        if (state := fields.get(b"tracestate")) and b"tracestate" not in named:
            lines += (b"\r\nTracestate: ", state)
