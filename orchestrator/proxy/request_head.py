"""Request heads: bytes from a client in, the head for a replica out. No sockets here.

Clients repeat themselves: programs all of a head, browsers the header lines for each kind of
resource. So what a connection's last head said is kept, and compared instead of read again.
Measured: a browser's head (12 headers, 703 bytes) 4.5 µs at first, 0.8 µs with another request line
and 0.1 µs again; a bare head 2.1, 0.8 and 0.1 µs.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, NoReturn

from orchestrator.proxy.request_fields import KnownHeaders, read_headers
from orchestrator.proxy.syntax import (
    CRLF,
    END_OF_HEAD,
    MAX_HEAD_BYTES,
    MAX_HEADERS,
    MAX_REQUEST_LINE_BYTES,
    SURELY_FEW_HEADERS,
    TOKEN,
    VALUE,
    HttpError,
)

# Names with `_` are refused: applications behind CGI-like interfaces read `X_Forwarded_For` and
# `X-Forwarded-For` as one name.
_NAME: Final = TOKEN.replace(b"_", b"")
# No `#`: a fragment never travels (RFC 9112 3.2), and readers differ on where the path ends.
_REQUEST_LINE: Final = re.compile(rb"(" + TOKEN + rb"++) ([!\"$-~]++) HTTP/1\.([01])(?=\r\n)").match
_HEADERS: Final = re.compile(rb"(?:\r\n" + _NAME + rb"++:" + VALUE + rb"*+)*\r\n\r\n").match
_ABSOLUTE: Final = re.compile(rb"(?i:(https?))://([^/?@]++)(/.*+)?").fullmatch
_LONE_LF: Final = re.compile(rb"(?<!\r)\n").search

_SLASH: Final = ord("/")
# Of a connection's last head, while it is idle too: browsers send a quarter of that.
_MAX_KEPT_BYTES: Final = 4 * 1024
_IDEMPOTENT: Final = frozenset({b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"TRACE"})


@dataclass(slots=True)
class RequestHead:
    """A request that may be forwarded: with `first`, the lines of `headers`, and those of its name.

    All requests of a connection that say the same share one, so nothing may change it.
    """

    received: bytes
    """As it came, for the connection's next request; empty if not worth keeping."""
    end: int
    """Bytes the head took of the buffer; the body starts there."""
    method: bytes
    line: bytes
    """The request line: the target for a replica, the version as the client has it."""
    first: bytes
    """The request line for a replica, with what the proxy has to say before the header lines."""
    headers: KnownHeaders
    http10: bool

    @property
    def idempotent(self) -> bool:
        """Whether sending it twice does no more than sending it once (RFC 9110 9.2.2)."""
        return self.method in _IDEMPOTENT


def parse_request(
    data: bytes, forwarded: bytes, authority: bytes, last: RequestHead | None = None
) -> RequestHead | None:
    """The request at the start of `data`; None while its head is incomplete.

    `forwarded`: from `forwarded_lines`, put in place of the client's own such lines.
    `authority`: the host of an HTTP/1.0 request that names none. `last`: an earlier request that
    had the same `forwarded`; it is returned again where this one is the same byte for byte.
    Raises `HttpError` (400, 405, 414, 417, 431, 501) on what must not be forwarded.
    """
    known = None
    if last is not None and last.received:
        if data.startswith(last.received):
            return last
        known = last.headers
    request_line = _REQUEST_LINE(data)
    if request_line is None:
        return _unmatched(data, forwarded, authority, last)
    method, target, minor = request_line.groups()
    start = request_line.end()
    http10 = minor == b"0"
    if known is None or http10 or not data.startswith(known.received, start):
        found = _HEADERS(data, start)
        if found is None:
            return _unmatched(data, forwarded, authority, last)
        _check_size(data, start, found.end())
        known = read_headers(data[start : found.end()], forwarded, authority if http10 else None)
    elif start > MAX_REQUEST_LINE_BYTES:
        _refuse_size(-1)
    if not http10 and target[0] == _SLASH and method != b"CONNECT":
        first = line = data[:start]
    else:
        target = _origin(method, target, known.host, forwarded)
        first = b"%b %b HTTP/1.1" % (method, target)
        line = b"%b %b HTTP/1.0" % (method, target) if http10 else first
    end = start + len(known.received)
    received = b"" if http10 or end > _MAX_KEPT_BYTES else data[:end]
    return RequestHead(received, end, method, line, first, known, http10)


def forwarded_lines(client: str, scheme: str = "http") -> bytes:
    """The header lines that tell a replica who asks (RFC 7239 and its forerunners).

    They end where the host follows. `client`: an IP address.
    """
    node = f'"[{client}]"' if ":" in client else client
    return (
        f"\r\nX-Forwarded-For: {client}\r\nX-Forwarded-Proto: {scheme}"
        f'\r\nForwarded: for={node};proto={scheme};host="'
    ).encode("ascii")


def _unmatched(
    data: bytes, forwarded: bytes, authority: bytes, last: RequestHead | None
) -> RequestHead | None:
    # RFC 9112 2.2: an empty line before a request is ignored. One, not any number.
    if data.startswith(CRLF) and not data.startswith(END_OF_HEAD):
        head = parse_request(data[2:], forwarded, authority, last) if len(data) > 2 else None
        return replace(head, received=b"", end=head.end + 2) if head else None
    start = data[:MAX_HEAD_BYTES]
    if END_OF_HEAD in start or _LONE_LF(start):
        raise HttpError(400, "malformed request head")
    if len(data) >= MAX_HEAD_BYTES:
        _refuse_size(data.find(CRLF, 0, MAX_REQUEST_LINE_BYTES + 2))
    return None


def _check_size(data: bytes, start: int, end: int) -> None:
    """Refuse a head too large: its request line ends at `start`, itself at `end`."""
    if end <= SURELY_FEW_HEADERS:
        return
    too_many = data.count(CRLF, start, end) > MAX_HEADERS + 2
    if too_many or end > MAX_HEAD_BYTES or start > MAX_REQUEST_LINE_BYTES:
        _refuse_size(start if start <= MAX_REQUEST_LINE_BYTES else -1)


def _refuse_size(end_of_line: int) -> NoReturn:
    if end_of_line < 0:
        raise HttpError(414, "request target too long")
    raise HttpError(431, "request head too large")


def _origin(method: bytes, target: bytes, host: bytes, forwarded: bytes) -> bytes:
    """The target in the form a server gets: a path, or `*` (RFC 9112 3.2)."""
    if method == b"CONNECT":
        raise HttpError(405, "CONNECT is not allowed")
    if target[0] == _SLASH or (target == b"*" and method == b"OPTIONS"):
        return target
    absolute = _ABSOLUTE(target)
    # It may name no scheme but that of the connection, which `forwarded` tells.
    if absolute is None or b";proto=%b;" % absolute[1].lower() not in forwarded:
        raise HttpError(400, "malformed request target")
    if absolute[2].lower() != host.lower():
        raise HttpError(400, "request target and Host header differ")
    return absolute[3] or (b"*" if method == b"OPTIONS" else b"/")
