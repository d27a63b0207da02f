"""A whole controller at scale: `orchestrator.runtime`, every part of it but the proxy's workers, on
the simulated engine in virtual time.

Processor time is what counts: nothing waits, for time jumps. Each run has a process of its own, so
that its memory is its own, too.
"""

import asyncio
import resource
import shutil
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.report import Report, Row
from benchmarks.size import FULL, Size
from benchmarks.spread import Spread
from orchestrator.engines.simulated import (
    PLAYFUL,
    SimulatedEngine,
    VirtualClock,
    VirtualLoop,
    World,
)
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.timing import DEMO
from orchestrator.runtime.collecting import rare_collections
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.desired import Change
from orchestrator.runtime.project import Project
from orchestrator.runtime.store import EVENTS_KEPT

ZONES: Final = 3
LOOK_S: Final = 0.25
QUIET_S: Final = 1.0
WITHIN_S: Final = 600.0
KILLS: Final = 100
READY_AIM_S: Final = 5.0
MEMORY_AIM_MIB: Final = 1024.0
RESCHEDULE_AIM_MS: Final = 1.0
AGAIN_AIM_S: Final = 1.0
_MEMORY: Final = Path("/dev/shm")

Found = dict[str, float]


def run(runs: int, size: Size, progress: Callable[[str], None]) -> Report:
    """Apply, lose some replicas one by one, apply again: so many times, and on fewer nodes."""
    found: dict[str, list[float]] = defaultdict(list)
    for turn in range(runs):
        progress(f"scale {turn + 1}/{runs}: {_words(size)}")
        for name, value in _apart(size).items():
            found[name].append(value)
        found["smaller"].append(_apart(size.smaller)["reschedule"])
    return _report(size, {name: Spread(tuple(values)) for name, values in found.items()})


def _apart(size: Size) -> Found:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(measure, size).result()


def measure(size: Size) -> Found:
    """One run in this process: what was measured, by name."""
    folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        with rare_collections(), asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(_measured(size, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _measured(size: Size, folder: Path) -> Found:
    run = _Run(size, folder)
    await run.controller.start()
    try:
        await run.measure()
    finally:
        await run.controller.close()
    return run.found


class _Run:
    """One controller from its first manifest on."""

    def __init__(self, size: Size, folder: Path) -> None:
        self.found: Found = {}
        self._size = size
        self._clock = VirtualClock(asyncio.get_running_loop())
        self._world = World(PLAYFUL, wall=self._clock.wall)
        self._engine = SimulatedEngine(self._world)
        project = Project("scale", folder)
        project.create()
        settings = Settings(DEMO, proxy_workers=0)
        self.controller = Controller(project, self._engine, settings, self._clock)
        nodes = tuple(_node(number) for number in range(size.nodes))
        services = tuple(_service(number, size.replicas) for number in range(size.services))
        self._change = Change(services, nodes)

    async def measure(self) -> None:
        """All phases in order."""
        with self._timed("ready"):
            with self._timed("apply"):
                self.controller.apply(self._change)
            await self._until_ready()
            self.controller.store.flush()
        self.found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.found["events"] = self.controller.log.serial
        self.found["actions"] = self._engine.writes
        await self._lose_some()
        await asyncio.sleep(QUIET_S)
        await self._apply_again()

    async def _lose_some(self) -> None:
        running = sorted(replica.id for replica in self._world)
        victims = Random(1).sample(running, min(KILLS, len(running)))
        began = time.process_time()
        for id_ in victims:
            self._world.kill(self._world.replicas[id_])
            heir = id_._replace(attempt=2)
            while heir not in self._world.replicas:
                await asyncio.sleep(0.001)
        self.found["reschedule"] = 1000 * (time.process_time() - began) / len(victims)

    async def _apply_again(self) -> None:
        writes, events = self._engine.writes, self.controller.log.serial
        with self._timed("again"):
            self.controller.apply(self._change)
            await asyncio.sleep(QUIET_S)
        self.found["actions again"] = self._engine.writes - writes
        self.found["events again"] = self.controller.log.serial - events

    async def _until_ready(self) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not self._ready():
                await asyncio.sleep(LOOK_S)

    def _ready(self) -> bool:
        known = self.controller.cluster.observed.replicas
        return len(known) == self._size.total and all(one.ready for one in known.values())

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.found[name] = time.process_time() - began


def _node(number: int) -> NodeSpec:
    capacity = {"cpu": 16, "memory": "64Gi"}
    fields = {"name": f"node-{number:05}", "zone": f"zone-{number % ZONES}", "capacity": capacity}
    return NodeSpec.model_validate(fields)


def _service(number: int, replicas: int) -> ServiceSpec:
    requests = {"cpu": f"{1_000 + number % 7 * 100}m", "memory": f"{(number % 11 + 1) * 256}Mi"}
    return ServiceSpec.model_validate(
        {
            "name": f"service-{number:04}",
            "image": "app",
            "replicas": replicas,
            "resources": {"requests": requests},
            "placement": {"maxPerNode": 1, "topologySpread": {"maxSkew": 1}},
        }
    )


def _words(size: Size) -> str:
    return f"{size.services:,} services × {size.replicas:,} on {size.nodes:,} nodes"


def _report(size: Size, found: dict[str, Spread]) -> Report:
    full = size == FULL
    rows = [
        Row("applied: wanted and on disk", found["apply"], "s"),
        Row("… all ready, every event stored", found["ready"], "s", READY_AIM_S if full else None),
        Row("memory then", found["memory"], "MiB", MEMORY_AIM_MIB if full else None),
        Row("actions of the engine", found["actions"], ""),
        Row("events", found["events"], ""),
        Row("one replica dies: another runs", found["reschedule"], "ms", RESCHEDULE_AIM_MS),
        Row("the same with a tenth of everything", found["smaller"], "ms"),
        Row("the same applied again", found["again"], "s", AGAIN_AIM_S),
        Row("actions of the engine for it", found["actions again"], "", 0.0),
        Row("events for it", found["events again"], "", 0.0),
    ]
    notes = [
        f"{_words(size)} in {ZONES} zones, at most one of a service on a node, zones of a service "
        "never more than one apart, no probes.",
        "Processor time of one process: the controller with its database, and the simulated "
        "engine, whose pulls and calls take virtual time. Memory is the most that it held.",
        f"Every event is written to the database, whose log keeps the newest {EVENTS_KEPT:,}.",
    ]
    return Report("scale", "Scale: the whole controller, simulated", rows, notes)
