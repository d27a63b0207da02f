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
    is_too_large,
    options,
    special_headers,
    without_named,
)

# Names with `_` are refused: applications behind CGI-like interfaces read `X_Forwarded_For` and
# `X-Forwarded-For` as one name.
_NAME: Final = TOKEN.replace(b"_", b"")
_HEAD: Final = re.compile(
    rb"(" + TOKEN + rb"++) (/[!-~]*+|\*) HTTP/1\.([01])"
    rb"(?:\r\n" + _NAME + rb"++:" + VALUE + rb"*+)*\r\n\r\n"
).match
_SPECIAL: Final = special_headers(
    b"host",
    b"connection",
    b"content-length",
    b"transfer-encoding",
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
)
_HOST_BYTES: Final = bytes(
    byte for byte in range(128) if chr(byte).isalnum() or chr(byte) in "._~%!$&'()*+,;=:[]-"
)
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
    upstream: bytes = b""
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
    if is_too_large(data, end):
        raise HttpError(431, "request head too large")
    method, target, minor = match.groups()
    if target == b"*" or method == b"CONNECT":
        _check_target(method)
    lines, fields = _sort(_SPECIAL(data[: end - 4]))
    head = RequestHead(end, method)
    if minor == b"0":
        _from_http10(head, lines, fields, authority)
    host = fields.get(b"host")
    if not host or host.translate(None, _HOST_BYTES):
        raise HttpError(400, "no Host header" if host is None else "malformed Host header")
    # Most requests say no more than `Connection: keep-alive` about framing: 0.9 µs less.
    if len(fields) > 1 and (len(fields) > 2 or fields.get(b"connection") != b"keep-alive"):
        _frame(head, lines, fields)
    lines += (forwarded, host, END_OF_HEAD)
    head.upstream = b"".join(lines)
    return head


def forwarded_lines(client: str) -> bytes:
    """The header lines that tell a replica who asks; the host follows."""
    return (
        f"\r\nX-Forwarded-For: {client}\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: "
    ).encode("ascii")


def _unmatched(data: bytes, forwarded: bytes, authority: bytes) -> RequestHead | None:
    # RFC 9112 2.2: an empty line before a request is ignored. One, not any number.
    if data.startswith(CRLF) and not data.startswith(END_OF_HEAD):
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


def _check_target(method: bytes) -> None:
    if method == b"CONNECT":
        raise HttpError(405, "CONNECT is not allowed")
    if method != b"OPTIONS":
        raise HttpError(400, "malformed request target")


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


def _from_http10(
    head: RequestHead, lines: list[bytes], fields: dict[bytes, bytes], authority: bytes
) -> None:
    """Make it an HTTP/1.1 request; its connection closes unless it says otherwise."""
    head.http10 = True
    lines[0] = lines[0].replace(b" HTTP/1.0", b" HTTP/1.1", 1)
    head.keep_alive = fields.get(b"connection") == b"keep-alive"
    if b"host" not in fields:
        fields[b"host"] = authority
        lines.append(b"\r\nHost: " + authority)


def _frame(head: RequestHead, lines: list[bytes], fields: dict[bytes, bytes]) -> None:
    """Read what decides where the message ends and what becomes of the connection."""
    named = options(fields.get(b"connection", b""))
    head.keep_alive = b"close" not in named and (not head.http10 or b"keep-alive" in named)
    lines[:] = [without_named(b"".join(lines), named)]
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
        _upgrade(head, lines, fields[b"upgrade"])


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


def _upgrade(head: RequestHead, lines: list[bytes], protocol: bytes) -> None:
    # h2c would let a client speak past every check here; without Upgrade the request is a plain
    # one, which RFC 9110 7.8 allows. So is a request with a body.
    if head.http10 or head.length or b"h2c" in protocol.lower():
        return
    head.upgrade = True
    lines += (b"\r\nConnection: upgrade\r\nUpgrade: ", protocol)
