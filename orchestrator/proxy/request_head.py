"""Request heads: bytes from a client in, the head for a replica out. No sockets here.

One expression checks the whole head, a second one cuts it at the few headers that matter to a
proxy. Measured on a browser's head (12 headers, 625 bytes): 2.1 µs, against 1.7 µs for a callback
per header by httptools plus 2 µs to put the headers together again; bare head 0.4 µs both.
"""

import re
from dataclasses import dataclass
from typing import Final

from orchestrator.proxy.syntax import (
    BLANKS,
    CHUNKED,
    CRLF,
    END_OF_HEAD,
    MAX_HEAD_BYTES,
    TOKEN,
    VALUE,
    HttpError,
    content_length,
    has_too_many_headers,
    options,
    without_named,
)

# Names with `_` are refused: applications behind CGI-like interfaces read `X_Forwarded_For` and
# `X-Forwarded-For` as one name.
_NAME: Final = TOKEN.replace(b"_", b"")
_HEAD: Final = re.compile(
    rb"(" + TOKEN + rb"++) (/[!-~]*+|\*) HTTP/1\.([01])"
    rb"(?:\r\n" + _NAME + rb"++:" + VALUE + rb"*+)*+\r\n\r\n"
).match
_SPECIAL: Final = re.compile(
    rb"\r\n(?i:(host|connection|content-length|transfer-encoding|upgrade|te|trailer|keep-alive"
    rb"|proxy(?:-connection|-authorization)?+|forwarded|x-forwarded-(?:for|proto|host)))"
    rb":[\t ]*+([^\r]*+)"
).split
_HOST: Final = re.compile(rb"[0-9A-Za-z._~%!$&'()*+,;=:\[\]-]++").fullmatch
_TOKEN: Final = re.compile(TOKEN + rb"++").fullmatch
_LONE_LF: Final = re.compile(rb"(?<!\r)\n").search

_KEPT: Final = {b"host": b"\r\nHost: ", b"content-length": b"\r\nContent-Length: "}
_SINGLE: Final = frozenset({b"host", b"content-length", b"transfer-encoding", b"upgrade"})
_IDEMPOTENT: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})


@dataclass(slots=True)
class RequestHead:
    """A request that may be forwarded."""

    end: int
    """Bytes the head took of the buffer; the body starts there."""
    method: bytes
    upstream: bytes
    """The complete head for a replica."""
    keep_alive: bool = True
    length: int = 0
    """Bytes of the body, or `CHUNKED`."""
    http10: bool = False
    upgrade: bool = False

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does no more than sending it once (RFC 9110 9.2.2)."""
        return self.method in _IDEMPOTENT


def parse_request(data: bytes, forwarded: bytes, authority: bytes) -> RequestHead | None:
    """The request at the start of `data`; None while its head is incomplete.

    `forwarded`: header lines put in place of the client's own `X-Forwarded-*`; the host is added
    to their end. `authority`: the host of an HTTP/1.0 request that names none.
    Raises `HttpError` (400, 405, 431, 501) on what must not be forwarded.
    """
    match = _HEAD(data)
    if match is None:
        return _unmatched(data, forwarded, authority)
    end = match.end()
    if end > MAX_HEAD_BYTES or has_too_many_headers(data, end):
        raise HttpError(431, "request head too large")
    method, target, minor = match.groups()
    _check_target(method, target)
    lines, fields = _sort(_SPECIAL(data[: end - 4]))
    head = RequestHead(end, method, b"", http10=minor == b"0")
    host = _host(fields, head, lines, authority)
    if len(fields) > 1 or head.http10:
        _frame(head, fields, lines)
    if head.http10:
        lines[0] = lines[0].replace(b" HTTP/1.0", b" HTTP/1.1", 1)
    lines += (forwarded, host, END_OF_HEAD)
    head.upstream = b"".join(lines)
    return head


def forwarded_lines(client: str) -> bytes:
    """The header lines that tell a replica who asks; the host follows."""
    return (
        f"\r\nX-Forwarded-For: {client}\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: "
    ).encode("ascii")


def _unmatched(data: bytes, forwarded: bytes, authority: bytes) -> RequestHead | None:
    if data.startswith(CRLF):  # RFC 9112 2.2: one empty line before a request is ignored.
        head = parse_request(data[2:], forwarded, authority) if len(data) > 2 else None
        if head is not None:
            head.end += 2
        return head
    start = data[:MAX_HEAD_BYTES]
    if END_OF_HEAD in start or _LONE_LF(start):
        raise HttpError(400, "malformed request head")
    if len(data) >= MAX_HEAD_BYTES:
        raise HttpError(431, "request head too large")
    return None


def _check_target(method: bytes, target: bytes) -> None:
    if method == b"CONNECT":
        raise HttpError(405, "CONNECT is not allowed")
    if target == b"*" and method != b"OPTIONS":
        raise HttpError(400, "malformed request target")


def _sort(parts: list[bytes]) -> tuple[list[bytes], dict[bytes, bytes]]:
    """Text between special headers with those to keep, and the special headers by name."""
    lines = [parts[0]]
    fields: dict[bytes, bytes] = {}
    for position in range(1, len(parts), 3):
        name = parts[position].lower()
        value = parts[position + 1].rstrip(BLANKS)
        if name in fields:
            if name in _SINGLE:
                raise HttpError(400, f"more than one {name.decode()} header")
            value = fields[name] + b"," + value
        fields[name] = value
        if name in _KEPT:
            lines.append(_KEPT[name] + value)
        lines.append(parts[position + 2])
    return lines, fields


def _host(
    fields: dict[bytes, bytes], head: RequestHead, lines: list[bytes], authority: bytes
) -> bytes:
    host = fields.get(b"host")
    if host is None:
        if not head.http10:
            raise HttpError(400, "no Host header")
        lines.append(b"\r\nHost: " + authority)
        return authority
    if not _HOST(host):
        raise HttpError(400, "malformed Host header")
    return host


def _frame(head: RequestHead, fields: dict[bytes, bytes], lines: list[bytes]) -> None:
    """Read what decides where the message ends and what becomes of the connection."""
    named = options(fields.get(b"connection", b""))
    head.keep_alive = b"close" not in named and (not head.http10 or b"keep-alive" in named)
    if len(named) > 1 or named[0]:
        joined = without_named(b"".join(lines), named)
        lines[:] = [joined]
    coding = fields.get(b"transfer-encoding")
    if coding is not None:
        _check_coding(coding, fields, head.http10)
        head.length = CHUNKED
        lines.append(b"\r\nTransfer-Encoding: chunked")
    elif b"content-length" in fields:
        try:
            head.length = content_length(fields[b"content-length"])
        except ValueError as error:
            raise HttpError(400, str(error)) from None
    if b"upgrade" in fields and b"upgrade" in named:
        _upgrade(head, fields[b"upgrade"], lines)


def _check_coding(coding: bytes, fields: dict[bytes, bytes], http10: bool) -> None:
    if b"content-length" in fields:
        raise HttpError(400, "both Content-Length and Transfer-Encoding")
    if http10:
        raise HttpError(400, "Transfer-Encoding in HTTP/1.0")
    lowered = coding.lower()
    if lowered == b"chunked":
        return
    if b"chunked" in lowered or not _TOKEN(coding):
        raise HttpError(400, "malformed Transfer-Encoding")
    raise HttpError(501, "unknown Transfer-Encoding")


def _upgrade(head: RequestHead, protocol: bytes, lines: list[bytes]) -> None:
    # h2c would let a client speak past every check here; without Upgrade the request is a plain
    # one, which RFC 9110 7.8 allows. So is a request with a body.
    if head.http10 or head.length or b"h2c" in protocol.lower():
        return
    head.upgrade = True
    lines += (b"\r\nConnection: upgrade\r\nUpgrade: ", protocol)
