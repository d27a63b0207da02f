"""One of five replicas is killed under a steady load: what is lost, and for how long."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from docker import DockerClient

from benchmarks import recovery_peers as peers
from benchmarks import sample
from benchmarks.load import Answer, Load
from benchmarks.machine import compose_command
from benchmarks.ours import SERVICE, Ours, ours
from benchmarks.report import Report, Row
from benchmarks.spread import Spread
from benchmarks.startup_peers import lone

REPLICAS: Final = 5
RATE: Final = 200.0
WARM_S: Final = 1.0
AFTER_S: Final = 0.5
TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.02
UNROUTED_AIM_MS: Final = 100.0
REPLACE_SLACK_MS: Final = 150.0

Figures = dict[str, float]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill. `at` is `time.perf_counter()`, `wall` the epoch's time of the same moment."""

    victim: str
    attempt: int
    at: float
    wall: float

    def by_replacement(self, answer: Answer) -> bool:
        """Whether the victim's successor gave it."""
        return answer.replica == self.victim and answer.attempt > self.attempt

    def by_victim(self, answer: Answer) -> bool:
        """Whether the victim itself gave it."""
        return answer.replica == self.victim and answer.attempt == self.attempt

    def failures(self, answers: list[Answer]) -> list[Answer]:
        """Requests that were under way at the kill or came after it, and failed."""
        return [answer for answer in answers if answer.done >= self.at and answer.failed]

    def told(self, answer: Answer) -> str:
        """A failed request in words, its times in milliseconds since the kill."""
        due, done = (f"{1000 * (at - self.at):.0f} ms" for at in (answer.due, answer.done))
        return f"{self.victim}: due at {due}, failed at {done}: {answer.error}"

    def figures(self, answers: list[Answer], events: list[dict[str, Any]]) -> Figures:
        """Milliseconds since the kill, and the count of requests that failed after it."""
        after = [answer for answer in answers if answer.done >= self.at]
        last = max([self.at, *(a.done for a in after if self.by_victim(a))])
        first = min(a.done for a in after if self.by_replacement(a))
        return {
            "failed": len(self.failures(answers)),
            "last of victim": 1000 * (last - self.at),
            "replaced": 1000 * (first - self.at),
            "slowest": 1000 * max(a.latency_s for a in after if a.due >= self.at),
            **self._told(events),
        }

    def _told(self, events: list[dict[str, Any]]) -> Figures:
        """When the controller noticed, and when it called the replacement running and ready."""
        since = [(1000 * (one["time"] - self.wall), one) for one in events]
        noticed = min(ms for ms, one in since if ms > 0 and one["type"] == "Warning")
        told = {"noticed": noticed}
        for reason in ("Unrouted", "Scheduled", "Started", "Ready"):
            told[reason] = min(ms for ms, one in since if ms > 0 and one["reason"] == reason)
        return told


def run(client: DockerClient, runs: int, progress: Progress) -> Report:
    """So many kills by `docker kill`, as many deaths of the process itself; and the peers."""
    sample.build(client)
    found: dict[str, list[float]] = defaultdict(list)
    for word, killer in (("kill", peers.engine_kill), ("death", peers.process_kill)):
        for done in range(0, runs, REPLICAS):
            kills = min(REPLICAS, runs - done)
            progress(f"recovery: {kills} × {word} of one of {REPLICAS} replicas")
            for name, values in asyncio.run(_session(client, kills, killer, progress)).items():
                found[f"{word} {name}"] += values
    for turn in range(runs):
        progress(f"recovery, peers {turn + 1}/{runs}")
        found["restart policy"].append(1000 * peers.restarted(client))
        took = lone(client, **sample.HARDENED)
        found["lone engine"].append(1000 * took.engine)
        found["lone app"].append(1000 * took.app)
    return _report({name: Spread(tuple(values)) for name, values in found.items()}, client)


async def _session(
    client: DockerClient, kills: int, killer: peers.Killer, progress: Progress
) -> dict[str, list[float]]:
    """One project under load. Each slot is hit once at most, since a second time would back off."""
    found: dict[str, list[float]] = defaultdict(list)
    with ours(client, REPLICAS) as one:
        one.up()
        async with Load("127.0.0.1", one.port, RATE) as load:
            await asyncio.sleep(WARM_S)
            for slot in range(1, kills + 1):
                took = await asyncio.to_thread(lone, client, **sample.HARDENED)
                found["lone engine"].append(1000 * took.engine)
                found["lone app"].append(1000 * took.app)
                kill = await _kill(client, one, load, slot, killer)
                events = await asyncio.to_thread(
                    one.get, f"/v1/events?object=replica/{kill.victim}"
                )
                for failure in kill.failures(load.answers):
                    progress(f"failed request: {kill.told(failure)}")
                for name, value in kill.figures(load.answers, events).items():
                    found[name].append(value)
            found["requests"].append(len(load.answers))
    return found


async def _kill(
    client: DockerClient, one: Ours, load: Load, slot: int, killer: peers.Killer
) -> Kill:
    """Kill one replica and wait until its replacement serves and all are ready again."""
    replicas = await asyncio.to_thread(one.get, "/v1/replicas")
    name = f"{SERVICE}-{slot}"
    victim = next(replica for replica in replicas if replica["name"] == name)
    kill = Kill(name, victim["attempt"], time.perf_counter(), time.time())
    await asyncio.to_thread(killer, client, victim["id"])
    async with asyncio.timeout(TIMEOUT_S):
        while not any(kill.by_replacement(answer) for answer in load.answers[-int(RATE) :]):
            await asyncio.sleep(POLL_S)
    await asyncio.to_thread(one.await_ready, TIMEOUT_S)
    await asyncio.sleep(AFTER_S)
    return kill


def _report(found: dict[str, Spread], client: DockerClient) -> Report:
    engine, app = found["kill lone engine"], found["kill lone app"]
    aim = engine.median + app.median + REPLACE_SLACK_MS
    rows = [
        *_of("kill", "`docker kill`", found, aim),
        *_of("death", "the process dies", found, aim),
        Row("a lone container beside the load: create + start", engine, "ms"),
        Row("a lone container beside the load: from started to its answer", app, "ms"),
        Row("a lone container and no load: create + start", found["lone engine"], "ms"),
        Row("a lone container and no load: from started to its answer", found["lone app"], "ms"),
        Row("`--restart always`, the process dies: answers again", found["restart policy"], "ms"),
        *_after_engine_kill(client),
    ]
    title = f"Recovery: one of {REPLICAS} replicas is lost under {RATE:g} requests a second"
    return Report("recovery", title, rows, _notes(found))


def _of(word: str, title: str, found: dict[str, Spread], aim: float) -> list[Row]:
    def row(what: str, name: str, unit: str = "ms", most: float | None = None) -> Row:
        return Row(f"{title}: {what}", found[f"{word} {name}"], unit, most)

    return [
        Row(f"{title}: failed requests", found[f"{word} failed"], "", 0, always=True),
        row("controller noticed", "noticed"),
        row("unrouted: every proxy worker has confirmed", "Unrouted", "ms", UNROUTED_AIM_MS),
        row("last answer of the victim", "last of victim"),
        row("slowest request", "slowest"),
        row("replacement ordered", "Scheduled"),
        row("replacement runs (engine)", "Started"),
        row("replacement ready (probe)", "Ready"),
        row("first answer of the replacement", "replaced", "ms", aim),
    ]


def _after_engine_kill(client: DockerClient) -> list[Row]:
    def row(who: str, survives: bool) -> Row:
        word = "restarted" if survives else f"not restarted in {peers.PATIENCE_S:g} s"
        return Row(f"{who}, `docker kill`", None, "", skipped=word)

    rows = [row("`docker run --restart always`", peers.survives_engine_kill(client))]
    if command := compose_command():
        return [
            *rows,
            row("Compose `restart: always`", peers.survives_under_compose(client, command)),
        ]
    return [*rows, Row("Compose", None, "", skipped="skipped: no Compose found")]


def _notes(found: dict[str, Spread]) -> list[str]:
    total = sum(found["kill requests"].values) + sum(found["death requests"].values)
    return [
        f"{total:.0f} requests in all, open loop on keep-alive connections; latency counts from "
        "when a request was due. Milliseconds count from just before the kill was ordered.",
        "Aim for the replacement: create + start + the app's start-up, both of a lone container "
        f"started beside the same load before each `docker kill`, + {REPLACE_SLACK_MS:g} ms.",
        "`docker kill` marks a container as stopped by hand, so that the engine's own restart "
        "policy does not act; hence the second kind of loss, a SIGKILL from outside the engine.",
    ]
