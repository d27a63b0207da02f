"""One run of a study: one strategy, one seed."""

import asyncio
import random as global_random
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import merge
from pathlib import Path
from random import Random
from typing import Final, assert_never

from orchestrator.core.packing.trace import TraceRow
from orchestrator.core.packing.whatif import Box, Piece
from orchestrator.core.rebalancing import rebalance
from orchestrator.core.study import Figures, Look, Presence, figures, look
from orchestrator.engines.simulated import (
    Behaviour,
    Delay,
    SimulatedEngine,
    VirtualClock,
    VirtualLoop,
    World,
)
from orchestrator.model.event import Event
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import Phase, Replica
from orchestrator.model.study import HappeningSpec, StudySpec
from orchestrator.model.timing import DEMO
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.desired import Change
from orchestrator.runtime.project import Project
from orchestrator.runtime.studying import happenings
from orchestrator.runtime.studying.happenings import Arrive, Depart, Happening, Lose, Restore

__all__ = ["Record", "Run", "run"]

LOOKS: Final = 7200
"""Looks at the cluster in a run, but no more than one a second."""
SIGMA: Final = 0.5
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it


@dataclass(frozen=True, slots=True)
class Run:
    """What is run. `strategy` "": each service's own."""

    study: StudySpec
    nodes: tuple[NodeSpec, ...]
    services: tuple[ServiceSpec, ...]
    rows: tuple[TraceRow, ...]
    strategy: str
    seed: int


@dataclass(slots=True)
class Record:
    """What was seen of it: looks at even intervals, all events by reason, the warnings among them
    with their virtual second, and the nodes at the end and when most were in use."""

    run: Run
    every_s: float
    looks: list[Look] = field(default_factory=list)
    presence: dict[str, Presence] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    warnings: list[tuple[float, Event]] = field(default_factory=list)
    losses: list[tuple[float, str]] = field(default_factory=list)
    last: tuple[Box, ...] = ()
    fullest: tuple[Box, ...] = ()

    @property
    def figures(self) -> Figures:
        """It in numbers."""
        return figures(self.looks, self.presence)


def run(what: Run) -> Record:
    """Run it from its beginning to its end, as fast as this machine can. One `Run` gives one
    `Record`, always the same."""
    # Backoff jitter is drawn from the global generator.
    before = global_random.getstate()
    global_random.seed(what.seed)
    folder = Path(tempfile.mkdtemp(prefix="orch-study-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(_Running(what, folder).to_its_end())
    finally:
        global_random.setstate(before)
        shutil.rmtree(folder, ignore_errors=True)


def _behaviour(study: StudySpec) -> Behaviour:
    engine, faults = study.engine, study.faults
    return Behaviour(
        call=Delay(engine.call_s, SIGMA),
        boot=Delay(engine.boot_s, SIGMA),
        stop=Delay(engine.stop_s, SIGMA),
        pull=Delay(engine.pull_s, SIGMA),
        probe=Delay(0.002, SIGMA),
        mean_life_s=faults.mean_life_s or float("inf"),
        hanging=faults.hanging,
        failing_calls=faults.failing_calls,
        failing_pulls=faults.failing_pulls,
        lost_news=faults.lost_news,
    )


class _Running:
    """A controller and its world, while they run."""

    def __init__(self, what: Run, folder: Path) -> None:
        self._what = what
        self._folder = folder
        self._record = Record(what, max(1.0, what.study.duration_s / LOOKS))

    async def to_its_end(self) -> Record:
        """All that happens, and a look at every interval."""
        self._clock = VirtualClock(asyncio.get_running_loop())
        self._world = World(_behaviour(self._what.study), self._what.seed, self._clock.wall)
        self._engine = SimulatedEngine(self._world)
        project = Project("study", self._folder)
        project.create()
        settings = Settings(DEMO, proxy_workers=0)
        self._controller = Controller(project, self._engine, settings, self._clock)
        await self._controller.start()
        heard = asyncio.create_task(self._listen())
        try:
            await self._go()
        finally:
            heard.cancel()
            await self._controller.close()
        return self._record

    async def _go(self) -> None:
        began = self._clock.monotonic()
        own = happenings.services(self._what.services, self._what.strategy)
        self._controller.apply(Change(tuple(own), self._what.nodes))
        for at, what in merge(self._happenings(), self._moments(), key=lambda each: each[0]):
            if (left := began + at - self._clock.monotonic()) > 0:
                await asyncio.sleep(left)
            if what is None:
                self._look(at)
            else:
                self._do(at, what)
        self._record.last = self._boxes()

    def _moments(self) -> Iterator[tuple[float, None]]:
        """When to look."""
        every_s = self._record.every_s
        for tick in range(1, int(self._what.study.duration_s / every_s) + 1):
            yield tick * every_s, None

    def _happenings(self) -> list[Happening]:
        what, study = self._what, self._what.study
        draw = Random(f"{what.seed}/nodes")  # noqa: S311 - to be repeatable
        found: list[Happening] = [
            *happenings.of_trace(what.rows, what.strategy, study.duration_s),
            *happenings.of_chance(study.faults, what.nodes, study.duration_s, draw),
            *happenings.of_study(study.happenings, study.duration_s),
        ]
        return sorted(found, key=lambda each: each[0])

    # -- what happens ----------------------------------------------------------------------

    def _do(self, at: float, what: Arrive | Depart | Lose | Restore | HappeningSpec) -> None:
        match what:
            case Arrive(spec):
                self._controller.apply(Change((spec,)))
            case Depart(service):
                self._controller.delete(service)
            case Lose(node):
                self._lose(at, node)
            case Restore(node):
                self._world.restore(node)
            case HappeningSpec():
                self._deed(at, what)
            case _:
                assert_never(what)

    def _deed(self, at: float, what: HappeningSpec) -> None:
        service, node = what.service or "", what.node or ""
        match what.do:
            case "scale":
                self._controller.scale(service, what.replicas or 0)
            case "restart":
                self._controller.restart(service)
            case "kill":
                self._kill(service, what.replicas)
            case "loseNode":
                self._lose(at, node)
            case "restoreNode":
                self._world.restore(node)
            case "cordon":
                self._mark(node, cordoned=True, draining=False, word="Cordoned")
            case "drain":
                self._mark(node, cordoned=True, draining=True, word="Draining")
            case "uncordon":
                self._mark(node, cordoned=False, draining=False, word="Uncordoned")
            case "rebalance":
                cluster = self._controller.cluster
                plan = rebalance(cluster.desired.now, cluster.observed.view(), what.replicas)
                self._controller.mover.begin(plan)
            case "engineDown" | "engineUp":
                self._engine.down = what.do == "engineDown"
            case _:
                assert_never(what.do)

    def _lose(self, at: float, node: str) -> None:
        self._world.lose(node)
        self._record.losses.append((at, f"{node} is lost"))

    def _kill(self, service: str, count: int | None) -> None:
        running = sorted(
            (one for one in self._world if one.running and one.id.service == service),
            key=lambda one: one.id,
        )
        for replica in running[:count]:
            self._world.kill(replica)

    def _mark(self, node: str, *, cordoned: bool, draining: bool, word: str) -> None:
        self._controller.mark_node(node, cordoned=cordoned, draining=draining, word=word)

    # -- what is seen ----------------------------------------------------------------------

    def _look(self, at: float) -> None:
        desired = self._controller.cluster.desired.now
        wanted = {name: each.spec.replicas for name, each in desired.services.items()}
        for name in wanted:
            self._record.presence.setdefault(name, Presence())
        known = self._controller.cluster.observed.replicas.values()
        pending = len(self._controller.pending)
        seen = look(at, known, wanted, pending, desired.nodes, self._record.presence)
        if seen.nodes > max((each.nodes for each in self._record.looks), default=0):
            self._record.fullest = self._boxes()
        self._record.looks.append(seen)

    def _boxes(self) -> tuple[Box, ...]:
        inside: dict[str, list[Piece]] = {}
        for replica in sorted(self._known(), key=lambda one: one.id):
            piece = Piece(
                replica.id.name, replica.id.service, (replica.cpu_millicores, replica.memory_bytes)
            )
            inside.setdefault(replica.node, []).append(piece)
        return tuple(
            Box(node.name, _size(node), tuple(inside.get(node.name, ())))
            for node in self._what.nodes
        )

    def _known(self) -> list[Replica]:
        known = self._controller.cluster.observed.replicas.values()
        return [one for one in known if one.phase is not Phase.EXITED]

    async def _listen(self) -> None:
        """Count every event, keep the warnings."""
        record, epoch_s = self._record, self._clock.wall() - self._clock.monotonic()
        async for event in self._controller.log.follow(0):
            record.reasons[event.reason] += 1
            if event.type == "Warning":
                record.warnings.append((event.time - epoch_s, event))


def _size(node: NodeSpec) -> tuple[int, int]:
    return node.capacity.cpu_millicores, node.capacity.memory_bytes
