"""What is meant for one hop: Connection and the fields it names, Upgrade, TE, Forwarded."""

from tests.proxy.corpus.cases import Accepted, Refused, get, hosted, post

_ROOT = ((b"GET /", b""),)
_SOCKET = (b"Connection: Upgrade", b"Upgrade: websocket")


def _dropped(name: str, reason: str, *lines: bytes, absent: bytes) -> Accepted:
    return Accepted(name, reason, hosted(*lines), _ROOT, (b"Host: a\r\n",), (absent,))


REFUSED = [
    Refused(
        "Upgrade with CL and TE",
        "9112 6.1",
        post(*_SOCKET, b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    ),
    Refused("Upgrade hides no fold", "9112 5.2", hosted(b"Connection: Upgrade,", b" x")),
    Refused("Connection cannot hide Host", "9112 3.2", get(b"Connection: Host")),
    Refused(
        "Connection cannot hide a second Host", "9112 3.2", hosted(b"Connection: Host", b"Host: b")
    ),
    Refused(
        "Connection cannot hide an expectation",
        "9110 10.1.1",
        hosted(b"Connection: expect", b"Expect: x"),
        417,
    ),
]

ACCEPTED = [
    _dropped(
        "named by Connection",
        "9110 7.6.1",
        b"Connection: x-secret",
        b"X-Secret: 1",
        absent=b"ecret",
    ),
    _dropped(
        "named before Connection",
        "9110 7.6.1",
        b"X-Secret: 1",
        b"Connection: X-SECRET",
        absent=b"ecret",
    ),
    _dropped(
        "named in a list",
        "9110 7.6.1",
        b"Connection: close, ,x-secret\t,",
        b"X-Secret: 1",
        absent=b"ecret",
    ),
    _dropped(
        "named in a second Connection",
        "9110 7.6.1",
        b"Connection: x",
        b"Connection: x-secret",
        b"X-Secret: 1",
        absent=b"ecret",
    ),
    _dropped(
        "named twice over",
        "9110 7.6.1",
        b"Connection: x-secret",
        b"X-Secret: 1",
        b"x-secret: 2",
        absent=b"ecret",
    ),
    _dropped(
        "Host named by Connection",
        "9110 7.6.1: not a hop-by-hop field",
        b"Connection: host",
        absent=b"onnection",
    ),
    _dropped("Keep-Alive", "9110 7.6.1", b"Keep-Alive: timeout=5", absent=b"eep-"),
    _dropped("TE", "9110 10.1.4", b"Connection: TE", b"TE: trailers", absent=b"railers"),
    _dropped("Trailer", "9110 6.6.2: trailers are dropped", b"Trailer: X", absent=b"railer"),
    _dropped("Proxy-Connection", "9110 7.6.1", b"Proxy-Connection: keep-alive", absent=b"roxy"),
    _dropped(
        "Proxy-Authorization", "9110 11.7.2", b"Proxy-Authorization: Basic eA==", absent=b"roxy"
    ),
    _dropped("Proxy", "httpoxy: CGI reads it as HTTP_PROXY", b"Proxy: http://b", absent=b"roxy"),
    _dropped("Upgrade unnamed", "9110 7.8", b"Upgrade: websocket", absent=b"pgrade"),
    _dropped(
        "Connection names a missing Upgrade", "9110 7.8", b"Connection: upgrade", absent=b"pgrade"
    ),
    _dropped(
        "Upgrade to h2c",
        "9113 3.1: gone",
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABk",
        absent=b"HTTP2",
    ),
    _dropped(
        "Upgrade to h2c in a list",
        "9113 3.1",
        b"Connection: Upgrade",
        b"Upgrade: websocket, H2C",
        absent=b"pgrade",
    ),
    _dropped(
        "X-Forwarded-For", "7239 8.1: not trusted", b"X-Forwarded-For: 10.9.9.9", absent=b"10.9.9.9"
    ),
    _dropped("X-Forwarded-Proto", "7239 8.1", b"x-forwarded-proto: https", absent=b"https"),
    _dropped("X-Forwarded-Host", "7239 8.1", b"X-FORWARDED-HOST: evil.test", absent=b"evil"),
    _dropped(
        "Forwarded", "7239 8.1", b"Forwarded: for=10.9.9.9;host=evil.test", absent=b"10.9.9.9"
    ),
    _dropped(
        "malformed traceparent",
        "Trace Context 3.2.2",
        b"traceparent: 00-0-0-00",
        b"tracestate: a=b",
        absent=b"racestate",
    ),
    _dropped("malformed request id", "log injection", b'X-Request-Id: a" b', absent=b'a" b'),
    _dropped(
        "request id for one hop",
        "9110 7.6.1",
        b"Connection: x-request-id",
        b"X-Request-Id: mine",
        absent=b"mine",
    ),
    Accepted(
        "Upgrade and a body",
        "9110 7.8: may be ignored",
        post(*_SOCKET, b"Content-Length: 5"),
        ((b"POST /", b"hello"),),
        (),
        (b"pgrade",),
    ),
    Accepted(
        "Upgrade in HTTP/1.0",
        "9110 7.8: ignored",
        hosted(*_SOCKET, line=b"GET / HTTP/1.0"),
        _ROOT,
        (),
        (b"pgrade",),
    ),
    Accepted(
        "Upgrade not taken, then a request",
        "9110 7.8",
        hosted(*_SOCKET) + hosted(line=b"GET /b HTTP/1.1"),
        (*_ROOT, (b"GET /b", b"")),
    ),
    Accepted(
        "after Connection: close",
        "9112 9.6: read no more",
        hosted(b"Connection: close") + hosted(line=b"GET /late HTTP/1.1"),
        _ROOT,
        (),
        (b"/late",),
    ),
    Accepted(
        "after HTTP/1.0",
        "9112 9.3: not persistent",
        hosted(line=b"GET / HTTP/1.0") + hosted(line=b"GET /late HTTP/1.1"),
        _ROOT,
        (),
        (b"/late",),
    ),
    Accepted(
        "request id", "passed on", hosted(b"x-request-id: a-1"), _ROOT, (b"X-Request-Id: a-1\r\n",)
    ),
]
