"""What each route does."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict

from . import items
from .identity import identity, replica_name
from .messages import Request, Response, as_json
from .parsing import Problem
from .switches import Switches

LONGEST_MS = 60_000
LARGEST_MB = 65_536
MOST_CHUNKS = 10_000

switches = Switches()
memory = bytearray()


async def who_am_i(_: Request) -> Response:
    """`GET /`: which replica answers."""
    return as_json(identity())


async def work(request: Request) -> Response:
    """`GET /work?ms=50`: burns so much CPU time, in a thread so that health stays answered."""
    ms = request.integer("ms", 50, 0, LONGEST_MS)
    await asyncio.to_thread(burn, ms / 1000)
    return as_json({"replica": replica_name(), "worked_ms": ms})


def burn(seconds: float) -> None:
    """Returns when this thread has used so much CPU time, however long it had to wait for it."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


async def wait(request: Request) -> Response:
    """`GET /wait?ms=50`: answers later and needs no CPU meanwhile, as if it asked a database."""
    ms = request.integer("ms", 50, 0, LONGEST_MS)
    await asyncio.sleep(ms / 1000)
    return as_json({"replica": replica_name(), "waited_ms": ms})


async def hold_memory(request: Request) -> Response:
    """`GET /memory?mb=50`: holds so many MiB from now on, in place of what it held; 0 frees."""
    mb = request.integer("mb", 50, 0, LARGEST_MB)
    memory.clear()
    try:
        await asyncio.to_thread(fill, mb)
    except MemoryError:
        raise Problem(503, f"no memory left for {mb} MiB") from None
    return as_json({"replica": replica_name(), "held_mb": mb})


def fill(mb: int) -> None:
    """Takes memory by writing to it: pages that nobody wrote to cost nothing."""
    block = b"x" * 2**20
    for _ in range(mb):
        memory.extend(block)


async def list_items(request: Request) -> Response:
    """`GET /items?limit=20&cursor=…`: one page; start without a cursor."""
    limit = request.integer("limit", 20, 1, 100)
    return as_json(items.page(limit, request.query.get("cursor")))


async def stream(request: Request) -> Response:
    """`GET /stream?chunks=10&ms=100`: that many lines, each so much later than the one before."""
    chunks = request.integer("chunks", 10, 0, MOST_CHUNKS)
    pause_s = request.integer("ms", 100, 0, LONGEST_MS) / 1000
    return Response(lines(chunks, pause_s), content_type="text/plain; charset=utf-8")


async def lines(count: int, pause_s: float) -> AsyncIterator[bytes]:
    """Numbered lines with a pause before each."""
    for number in range(1, count + 1):
        await asyncio.sleep(pause_s)
        yield f"{replica_name()} {number}/{count}\n".encode()


async def echo(request: Request) -> Response:
    """`POST /echo`: the body comes back with its content type."""
    content_type = request.header("content-type", "application/octet-stream")
    return Response(await request.body(), content_type=content_type)


async def show_headers(request: Request) -> Response:
    """`GET /headers`: the request's headers as they arrived, for what a proxy adds."""
    return as_json(request.headers)


async def health(_: Request) -> Response:
    """`GET /healthz`: 200, or 503 once `healthy=false`."""
    return await probe(switches.healthy, "unhealthy")


async def readiness(_: Request) -> Response:
    """`GET /readyz`: 200, or 503 once `ready=false` or `healthy=false`."""
    return await probe(switches.healthy and switches.ready, "not ready")


async def probe(well: bool, otherwise: str) -> Response:
    """The answer to a probe, as late as the switches want it."""
    if switches.slow_ms:
        await asyncio.sleep(switches.slow_ms / 1000)
    return as_json({"status": "ok" if well else otherwise}, 200 if well else 503)


async def show_switches(_: Request) -> Response:
    """`GET /switch`: the present positions."""
    return as_json({"replica": replica_name(), **asdict(switches)})


async def turn_switches(request: Request) -> Response:
    """`POST /switch?healthy=false`: breaks or repairs this replica; see `switches`."""
    switches.turn(request.query)
    print(f"{replica_name()}: switched {request.query}", flush=True)  # noqa: T201
    return await show_switches(request)


Handler = Callable[[Request], Awaitable[Response]]
ROUTES: dict[str, dict[str, Handler]] = {
    "/": {"GET": who_am_i},
    "/work": {"GET": work, "POST": work},
    "/wait": {"GET": wait, "POST": wait},
    "/memory": {"GET": hold_memory, "POST": hold_memory},
    "/items": {"GET": list_items},
    "/stream": {"GET": stream},
    "/echo": {"POST": echo, "PUT": echo},
    "/headers": {"GET": show_headers},
    "/healthz": {"GET": health},
    "/readyz": {"GET": readiness},
    "/switch": {"GET": show_switches, "POST": turn_switches},
}
