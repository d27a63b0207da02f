"""What the proxies are measured with. A new case is a new entry."""

from dataclasses import dataclass
from typing import Final

FACTOR: Final = 1.5
CONNECTIONS: Final = 64
IDLE_CONNECTIONS: Final = 1000
SIZES: Final = {"/0": 0, "/1k": 1024, "/100k": 100 * 1024, "/10m": 10 * 1024 * 1024}
"""Paths that every backend answers, and the bytes of the body."""

# What a browser sends with each request: 12 headers.
BROWSER: Final = (
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    "Accept-Encoding: gzip, deflate, br",
    "Accept-Language: en-US,en;q=0.9",
    "Cache-Control: max-age=0",
    "Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=yes",
    "Referer: http://localhost:8080/items?limit=20",
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: same-origin",
    "Upgrade-Insecure-Requests: 1",
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36",
)


@dataclass(frozen=True, slots=True)
class Setup:
    """How the proxies are started. Cases of one setup share them."""

    replicas: int = 3
    access_log: bool = False
    websocket: bool = False
    """The replicas echo WebSocket messages, and do nothing else."""
    workers: tuple[int, ...] = (1,)
    """Each contestant runs once with each of these numbers of processes (or threads)."""
    only: tuple[str, ...] = ()
    """Contestants; empty: all."""


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of load. `factor`: how many times nginx's CPU a request may cost at most."""

    name: str
    title: str
    path: str = "/1k"
    headers: tuple[str, ...] = ()
    post_bytes: int = 0
    varied: bool = False
    """No two requests are the same."""
    message_bytes: int = 0
    """Of a WebSocket message; 0: requests, no WebSocket."""
    bare: bool = True
    """Whether the bare forwarder does it, too: it knows keep-alive connections only."""
    connections: int = CONNECTIONS
    setup: Setup = Setup()
    factor: float = FACTOR


OURS: Final = "orch"
TWO_WORKERS: Final = "two-workers"
TWO: Final = Setup(workers=(1, 2), only=("nginx", "haproxy", "orch"))
MAIN: Final = Case("bare-1k", "bare request, 1 KB", factor=1.0)
"""The case that has aims against every peer."""

CASES: Final = (
    MAIN,
    Case("browser-1k", "a browser's headers, 1 KB", headers=BROWSER, factor=1.0),
    Case(
        "varied-1k",
        "a browser's headers, no two requests the same, 1 KB",
        headers=BROWSER,
        varied=True,
        bare=False,
    ),
    Case("bare-0", "bare request, empty answer", "/0"),
    Case("browser-0", "a browser's headers, empty answer", "/0", BROWSER, bare=False),
    Case("bare-100k", "100 KB", "/100k"),
    Case("bare-10m", "10 MB, 8 connections", "/10m", connections=8),
    Case("post-10k", "POST of 10 KB, empty answer", "/0", post_bytes=10 * 1024),
    Case("thousand", "1 KB, 1,000 connections", connections=1000),
    Case(
        "close",
        "1 KB, a new connection for each request",
        headers=("Connection: close",),
        bare=False,
    ),
    Case("replicas-100", "1 KB, 100 replicas", bare=False, setup=Setup(replicas=100)),
    Case(
        "access-log",
        "1 KB, access log on (each in its own format)",
        bare=False,
        setup=Setup(access_log=True),
    ),
    Case(
        "websocket",
        "WebSocket echo of 100 bytes",
        message_bytes=100,
        bare=False,
        setup=Setup(websocket=True),
    ),
    Case(TWO_WORKERS, "1 KB, one worker and two", bare=False, setup=TWO),
)
