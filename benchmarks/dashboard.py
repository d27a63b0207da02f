"""What the dashboard costs: its weight, its first picture, an update, an hour of being open."""

import contextlib
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

from benchmarks import newcomer
from benchmarks.browsing import Visit, browsing
from benchmarks.ours import Ours
from benchmarks.processes import read
from benchmarks.report import Report, Row
from benchmarks.spread import Spread

SIZES: Final = (60, 1000)
NODES: Final = 12
SPAN_S: Final = 20.0
SETTLE_S: Final = 3.0
READY_TIMEOUT_S: Final = 120.0
KILLS_PER_S: Final = 2.0
OPEN_S: Final = 600.0
OPEN_KILLS_PER_S: Final = 10.0
WARM_UP_S: Final = 60.0
WEIGHT_AIM_KB: Final = 150.0
FRAME_S: Final = 1 / 60

# Answers at once, a thread for each connection: sixty of them start in a few seconds.
SERVER: Final = """
import os, socket, threading
def serve(client):
    while client.recv(65536):
        client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
listener = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""

Found = dict[str, list[float]]


def run(runs: int, progress: Callable[[str], None]) -> Report:
    """Each size so many times, the page that stays open once."""
    found: Found = {}
    with browsing() as visit:
        for turn in range(runs):
            for size in SIZES:
                progress(f"dashboard {turn + 1}/{runs}: {size} replicas")
                with _project(size, "simulated") as one:
                    _note(found, _costs(one, visit, size))
            progress(f"dashboard {turn + 1}/{runs}: requests to {SIZES[0]} replicas")
            with _project(SIZES[0], "process") as one:
                _note(found, _flow(one, visit))
            progress(f"dashboard {turn + 1}/{runs}: a newcomer")
            _note(found, newcomer.walk(visit))
        progress(f"dashboard: open for {OPEN_S:g} s")
        with _project(SIZES[0], "simulated") as one:
            _note(found, _stay(one, visit))
    return _report({name: Spread(tuple(values)) for name, values in found.items()})


def _note(found: Found, figures: dict[str, float]) -> None:
    for name, value in figures.items():
        found.setdefault(name, []).append(value)


# -- what is measured ------------------------------------------------------------------------------


def _costs(one: Ours, visit: Callable[[str], Visit], size: int) -> dict[str, float]:
    """Of a page that shows replicas being killed, beside the same without a page."""
    url = one.url
    with _killing(url, size, KILLS_PER_S):
        time.sleep(SETTLE_S)
        alone = _cpu_percent(one.controller_pid, lambda: time.sleep(SPAN_S))
        opened = visit(url)
        opened.page.locator(".replica").nth(size - 1).wait_for()
        shown = float(opened.page.evaluate("performance.now()")) / 1000
        opened.wait(SETTLE_S)
        task_s, updates = opened.task_s(), opened.updates
        seen = _cpu_percent(one.controller_pid, lambda: opened.wait(SPAN_S))
        spent, drawn = opened.task_s() - task_s, opened.updates - updates
    figures = {
        f"{size} first picture": 1000 * opened.first_picture_s(),
        f"{size} replicas shown": 1000 * shown,
        f"{size} update": 1000 * spent / drawn,
        f"{size} browser": 100 * spent / SPAN_S,
        f"{size} updates": drawn / SPAN_S,
        f"{size} controller": max(0.0, seen - alone),
    }
    weight = {"weight": opened.transferred_bytes() / 1000} if size == SIZES[0] else {}
    opened.page.close()
    return figures | weight


def _flow(one: Ours, visit: Callable[[str], Visit]) -> dict[str, float]:
    """Of a page on which requests fly to replicas: how even the pictures follow each other."""
    opened = visit(one.url)
    opened.page.locator('.replica[data-status="Ready"]').nth(SIZES[0] - 1).wait_for()
    with _requests(one.port):
        opened.page.locator(".pulse").first.wait_for(state="attached")
        opened.watch_frames()
        task_s = opened.task_s()
        opened.wait(SPAN_S)
        spent = opened.task_s() - task_s
    gaps = opened.frame_gaps_s()
    opened.page.close()
    return {
        "flow browser": 100 * spent / SPAN_S,
        "flow frame": 1000 * gaps[int(0.99 * len(gaps))],
        "flow jank": 100 * sum(gap for gap in gaps if gap > 3 * FRAME_S) / SPAN_S,
    }


def _stay(one: Ours, visit: Callable[[str], Visit]) -> dict[str, float]:
    """Of a page that is open for long, with more happening than an hour of a quiet day has."""
    opened = visit(one.url)
    with _killing(one.url, SIZES[0], OPEN_KILLS_PER_S):
        opened.wait(WARM_UP_S)
        before, told = opened.figures(), _events(one)
        opened.wait(OPEN_S - WARM_UP_S)
        after = opened.figures()
        told = _events(one) - told
    opened.page.close()
    return {
        "heap": after.heap_bytes / 10**6,
        "events": told,
        "heap growth": (after.heap_bytes - before.heap_bytes) / 10**6,
        "elements growth": after.elements - before.elements,
    }


def _events(one: Ours) -> int:
    """How many there have been."""
    (last,) = one.get("/v1/events?limit=1")
    return int(last["serial"])


def _cpu_percent(pid: int, span: Callable[[], None]) -> float:
    before, begin = _cpu_s(pid), time.perf_counter()
    span()
    return 100 * (_cpu_s(pid) - before) / (time.perf_counter() - begin)


def _cpu_s(pid: int) -> float:
    process = read(pid)
    return process.cpu_s if process else 0.0


# -- what goes on meanwhile ------------------------------------------------------------------------


@contextlib.contextmanager
def _project(size: int, engine: str) -> Iterator[Ours]:
    with tempfile.TemporaryDirectory(prefix="orch-bench-") as folder:
        one = Ours(Path(folder), size, engine)
        one.write(_manifest(size, one.port if engine == "process" else None))
        try:
            one.up()
            one.await_ready(READY_TIMEOUT_S)
            yield one
        finally:
            one.down()


def _manifest(size: int, listen: int | None) -> str:
    nodes: list[dict[str, Any]] = [
        {
            "kind": "Node", "name": f"node-{number + 1}", "zone": "abc"[number % 3],
            "capacity": {"cpu": size / 100, "memory": f"{size * 8}Mi"},
        }
        for number in range(NODES)
    ]  # fmt: skip
    service: dict[str, Any] = {
        "kind": "Service", "name": "web", "image": "local/none:1", "pull": "never",
        "replicas": size, "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}},
        "restart": {"backoff": {"initial": "100ms", "max": "1s"}},
        "command": ["python3", "-S", "-c", SERVER],
    }  # fmt: skip
    if listen is not None:
        service |= {"port": 8000, "proxy": {"listen": listen}}
    return "\n---\n".join(json.dumps(one) for one in (*nodes, service))


@contextlib.contextmanager
def _killing(url: str, size: int, per_s: float) -> Iterator[None]:
    """Replicas die, one after the other."""

    def kill(turn: int) -> None:
        path = f"{url}/v1/replicas/web-{1 + turn % size}/kill"
        request = Request(path, b"{}", {"Content-Type": "application/json"})
        urlopen(request, timeout=30).close()

    with _repeating(kill, per_s):
        yield


@contextlib.contextmanager
def _requests(port: int) -> Iterator[None]:
    def ask(_: int) -> None:
        urlopen(f"http://127.0.0.1:{port}/", timeout=30).close()

    with _repeating(ask, 200.0):
        yield


@contextlib.contextmanager
def _repeating(action: Callable[[int], None], per_s: float) -> Iterator[None]:
    """Do it in another thread; what is refused is not repeated."""
    over = threading.Event()

    def repeat() -> None:
        turn = 0
        while not over.wait(1 / per_s):
            with contextlib.suppress(OSError):
                action(turn)
            turn += 1

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


# -- how it is told --------------------------------------------------------------------------------


def _report(found: dict[str, Spread]) -> Report:
    rows = [Row("page and all that it loads", found["weight"], "KB", WEIGHT_AIM_KB)]
    for size in SIZES:
        rows += [
            Row(f"{size} replicas: first picture", found[f"{size} first picture"], "ms"),
            Row(f"{size} replicas: all of them shown", found[f"{size} replicas shown"], "ms"),
            Row(f"{size} replicas: updates", found[f"{size} updates"], "a second"),
            Row(f"{size} replicas: browser, an update", found[f"{size} update"], "ms"),
            Row(f"{size} replicas: browser", found[f"{size} browser"], "% of a core"),
            Row(f"{size} replicas: controller, for the page", found[f"{size} controller"],
                "% of a core"),
        ]  # fmt: skip
    rows += [
        Row("requests to 60 replicas: browser", found["flow browser"], "% of a core"),
        Row("requests to 60 replicas: a picture stays, p99", found["flow frame"], "ms"),
        Row("requests to 60 replicas: time in pictures over 50 ms", found["flow jank"], "%"),
        Row("open for long: events seen", found["events"], ""),
        Row("open for long: heap in the end", found["heap"], "MB"),
        Row("open for long: heap, growth after the first minute", found["heap growth"], "MB"),
        Row("open for long: DOM nodes, growth after the first minute", found["elements growth"],
            ""),
        *newcomer.rows(found),
    ]  # fmt: skip
    return Report("dashboard", "Dashboard: what it costs to look", rows, _notes())


def _notes() -> list[str]:
    return [
        f"{NODES} nodes, the simulated engine, {KILLS_PER_S:g} replicas killed a second for "
        f"{SPAN_S:g} s. Browser: the main thread's time in headless Chromium, without the GPU "
        "process. Controller: its processor time less that of as long without a page.",
        "Requests: 200 a second, one at a time, to real processes; 40 dots fly at most.",
        f"Open for long is {OPEN_S / 60:g} minutes with {OPEN_KILLS_PER_S:g} kills a second in "
        "place of an hour; the first minute does not count; after garbage collection.",
        *newcomer.NOTES,
    ]
