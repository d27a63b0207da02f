"""How fast twenty replicas come up, against Compose and against a bare docker-py thread pool."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from docker import DockerClient

from benchmarks import sample
from benchmarks.http import get
from benchmarks.machine import compose_command
from benchmarks.ours import UP_TIMEOUT_S, Ours, ours
from benchmarks.report import Report, Row
from benchmarks.spread import Spread
from benchmarks.startup_peers import asked_pool, compose, lone, pool

REPLICAS: Final = 20
THREADS: Final = (4, 8, 20)
CROWD_THREADS: Final = 8
ASK_PAUSE_S: Final = 0.02
FLOOR_FACTOR: Final = 1.25
NO_COMPOSE: Final = "skipped: no Compose found (install the bench extra)"

Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that brings up the replicas once and says how long what took, in seconds."""

    name: str
    run: Callable[[DockerClient], Figures]


def run(client: DockerClient, runs: int, progress: Callable[[str], None]) -> Report:
    """All contenders, one after the other, so many times; the first to go changes."""
    sample.build(client)
    found: dict[str, list[float]] = defaultdict(list)
    contenders = [*_contenders()]
    for turn in range(runs):
        for contender in (
            contenders[turn % len(contenders) :] + contenders[: turn % len(contenders)]
        ):
            progress(f"startup {turn + 1}/{runs}: {contender.name}")
            for name, value in contender.run(client).items():
                found[name].append(value)
    return _report({name: Spread(tuple(values)) for name, values in found.items()})


def _contenders() -> Iterable[Contender]:
    yield Contender("orch up", _ours)
    if command := compose_command():
        yield Contender("Compose", partial(_compose, command=command))
    for threads in THREADS:
        yield Contender(f"docker-py, {threads} threads", partial(_pool, threads=threads))
    yield Contender("docker-py, asked at once", _crowd)
    yield Contender("one lone container", _lone)


def _ours(client: DockerClient) -> Figures:
    with ours(client, REPLICAS) as one:
        wall, begin = time.time(), time.perf_counter()
        returned, seen = watch_up(one)
        took = {"orch returned": returned - begin, "orch answering": seen - begin}
        return took | _told(one.get("/v1/events?limit=10000"), wall)


def _told(events: list[dict[str, Any]], wall: float) -> Figures:
    """When the controller ordered the first start and when the engine had carried out the last."""
    ordered = [one["time"] - wall for one in events if one["reason"] == "Scheduled"]
    started = [one["time"] - wall for one in events if one["reason"] == "Started"]
    return {"orch ordered": min(ordered), "orch started": max(started)}


def watch_up(one: Ours) -> tuple[float, float]:
    """When `orch up --wait` returned, and when every replica had answered through the proxy.

    While the command runs the proxy is asked rarely, so as not to disturb: the second moment is
    an upper bound, late by some milliseconds. Raises `CommandFailedError`, `TimeoutError`."""
    process = one.spawn_up()
    deadline = time.perf_counter() + UP_TIMEOUT_S
    names: set[str] = set()
    returned = 0.0
    while len(names) < one.replicas or not returned:
        if time.perf_counter() > deadline:
            process.kill()
            raise TimeoutError(f"only {len(names)} of {one.replicas} replicas answered")
        if answer := get("127.0.0.1", one.port):
            names.add(answer[0])
        seen = time.perf_counter()
        if not returned and process.poll() is not None:
            returned = seen
            one.finish(process, 1)
        elif not returned:
            time.sleep(ASK_PAUSE_S)
    return returned, seen


def _compose(client: DockerClient, command: list[str]) -> Figures:
    took = compose(client, command, REPLICAS)
    return {"Compose started": took.started, "Compose answering": took.answering}


def _pool(client: DockerClient, threads: int) -> Figures:
    return {f"floor {threads}": pool(client, REPLICAS, threads)}


def _crowd(client: DockerClient) -> Figures:
    took = asked_pool(client, REPLICAS, CROWD_THREADS, **sample.HARDENED)
    return {"floor answering": took.answering, "app crowd": took.app}


def _lone(client: DockerClient) -> Figures:
    took = lone(client)
    return {"lone engine": took.engine, "lone app": took.app}


def _report(found: dict[str, Spread]) -> Report:
    best = min(THREADS, key=lambda threads: found[f"floor {threads}"].median)
    floor, app = found[f"floor {best}"], found["lone app"]
    aim = FLOOR_FACTOR * floor.median + app.median
    rows = [
        Row(f"`orch up --wait` returned: {REPLICAS} ready", found["orch returned"], "s", aim),
        Row("`orch up`: all have answered through the proxy", found["orch answering"], "s", aim),
        Row("`orch up`: first start ordered", found["orch ordered"], "s"),
        Row("`orch up`: engine has started all", found["orch started"], "s"),
        Row("Compose returned: all started", found.get("Compose started"), "s", None, NO_COMPOSE),
        Row("Compose: all have answered", found.get("Compose answering"), "s", None, NO_COMPOSE),
        Row(f"docker-py, create + start, {best} threads (the floor)", floor, "s"),
        *(
            Row(f"docker-py, create + start, {threads} threads", found[f"floor {threads}"], "s")
            for threads in THREADS
            if threads != best
        ),
        Row(
            f"docker-py, {CROWD_THREADS} threads, hardened as ours: all have answered",
            found["floor answering"],
            "s",
        ),
        Row("one lone container: create + start", found["lone engine"], "s"),
        Row("one lone container: from started to its answer", app, "s"),
        Row(f"one of {REPLICAS} at once: from started to its answer", found["app crowd"], "s"),
    ]
    return Report("startup", f"Start-up: {REPLICAS} replicas on Docker", rows, _notes(found))


def _notes(found: dict[str, Spread]) -> list[str]:
    notes = [
        f"Aim: {FLOOR_FACTOR} × the floor + the start-up of one lone app; and below Compose.",
        "The same image, limits and processor weight for all. Ours starts its controller, API and "
        "proxy within the span, hardens each container and waits for its probes; Compose only "
        "waits for started.",
    ]
    if compose := found.get("Compose started"):
        ours = found["orch answering"].median
        word = "faster" if ours < compose.median else "slower"
        factor = max(ours, compose.median) / min(ours, compose.median)
        notes.append(f"Ours to the last answer is {factor:.2f} × {word} than Compose to started.")
    return notes
