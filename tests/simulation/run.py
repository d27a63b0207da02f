"""One simulation: a whole controller on a simulated engine, in virtual time, for one seed."""

import asyncio
import hashlib
import random as global_random
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from orchestrator.engines.simulated import SimulatedEngine, VirtualClock, VirtualLoop, World
from orchestrator.engines.simulated.world import SimulatedReplica
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.plan import Action, StartReplica
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import Phase, ReplicaId
from orchestrator.model.timing import DEMO
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.desired import Change
from orchestrator.runtime.project import Project
from tests.simulation import scenario
from tests.simulation.invariants import (
    Always,
    BrokenInvariantError,
    events_tell,
    hold,
    room_is_kept,
    unrest,
)
from tests.support.rig import rebalanced

LOOK_S: Final = 0.25
REST_WITHIN_S: Final = 900.0
QUIET_S: Final = 20.0
# A second apart. What seems at rest may be what nobody has noticed: a list comes every 5 s.
REST_LOOKS: Final = 8
# After an operation, of every second seed: those that broke once stay as they were.
REBALANCE: Final = 0.25
OUTAGE: Final = 0.3
INTERFERENCE: Final = 0.4
_MEMORY: Final = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one run went. `digest` is of everything that happened: the same for the same seed."""

    seed: int
    broken: str
    virtual_s: float
    digest: str
    story: tuple[str, ...]


class Simulation:
    """What a seed does, step by step."""

    def __init__(self, seed: int, folder: Path) -> None:
        self._random = Random(seed)
        self._rebalances = seed % 2 == 1
        self._outages = Random(f"{seed}/outages") if seed % 8 > 3 else None
        """Nodes crash in half of the seeds, in none that broke before they did."""
        self._interference = Random(f"{seed}/interference") if seed % 8 in (1, 5, 6) else None
        """Rollouts are paused and replicas restarted in some seeds, in none that broke before."""
        self._clock = VirtualClock(asyncio.get_running_loop())
        self._world = World(scenario.behaviour(self._random), seed, self._clock.wall)
        self._project = Project("sim", folder)
        self._project.create()
        self._always = Always()
        self._broken: BrokenInvariantError | None = None
        self._honest = not self._world.behaviour.lies
        self._remembers = True
        """Whether every event is on disk: not after a controller was killed."""
        self._untold: dict[ReplicaId, float] = {}
        """What ended while there was no controller, or just before: the next one finds it so, at
        this wall time."""
        self._services: dict[str, ServiceSpec] = {}
        self._nodes: dict[str, NodeSpec] = {}
        self.story: list[str] = []
        self._begin()

    def _begin(self) -> None:
        self._engine = SimulatedEngine(self._world)
        settings = Settings(DEMO, proxy_workers=0)
        self._controller = Controller(self._project, self._engine, settings, self._clock)
        submit = self._controller.executor.submit

        def watched(actions: Iterable[Action]) -> None:
            actions = list(actions)
            submit(actions)
            for action in actions:
                if isinstance(action, StartReplica):
                    self._note(action)

        self._controller.executor.submit = watched  # type: ignore[method-assign]

    async def run(self) -> None:
        """All of it. Raises `BrokenInvariantError`, and whatever the controller raises."""
        await self._controller.start()
        try:
            self._apply_first()
            for operation in scenario.operations(self._random):
                self._tell(operation)
                await getattr(self, f"_{operation}")()
                if self._rebalances and self._random.random() < REBALANCE:
                    self._tell("rebalance")
                    rebalanced(self._controller)
                self._cut_power()
                self._interfere()
                await self._pass(scenario.pause(self._random))
                room_is_kept(self._controller)
            await self._come_to_rest()
            await self._stay_at_rest()
        finally:
            self.story += [
                f"{event.time - self._clock.wall() + self._clock.monotonic():9.3f}   "
                f"{event.object} {event.reason}: {event.message}"
                for event in self._controller.store.events(limit=10_000)
            ]
            await self._controller.close()

    def _tell(self, what: str) -> None:
        self.story.append(f"{self._clock.monotonic():9.3f} {what}")

    def _running(self) -> set[ReplicaId]:
        return {replica.id for replica in self._world if replica.running}

    # -- time ------------------------------------------------------------------------------

    async def _pass(self, seconds: float) -> None:
        """Time passes; the controller's loops do not end; what always holds does."""
        until = self._clock.monotonic() + seconds
        while (left := until - self._clock.monotonic()) > 0:
            await asyncio.sleep(min(LOOK_S, left))
            for task in self._controller._tasks:
                if task.done():
                    task.result()
            self._check()

    def _note(self, start: StartReplica) -> None:
        """Inside the controller's loop, which is not to be disturbed."""
        try:
            self._always.decided(self._controller, start)
        except BrokenInvariantError as error:
            self._broken = self._broken or error

    def _check(self) -> None:
        if self._broken:
            raise self._broken
        self._always.look(self._controller, self._world, honest=self._honest)

    async def _come_to_rest(self) -> None:
        self._tell("faults stop")
        self._engine.down = False
        self._world.calm_down()
        until = self._clock.monotonic() + REST_WITHIN_S
        rested = 0
        while rested < REST_LOOKS:
            why = unrest(self._controller, self._world)
            rested = 0 if why else rested + 1
            hold(self._clock.monotonic() < until, f"no rest: {why}")
            await self._pass(1.0)

    async def _stay_at_rest(self) -> None:
        self._tell("at rest")
        running = self._running()
        honest = self._honest and self._remembers
        await self._pass(QUIET_S)
        events_tell(self._controller, running, self._untold, honest=honest)
        writes, events = self._engine.writes, self._controller.log.serial
        self._apply(*self._services.values(), *self._nodes.values())
        await self._pass(QUIET_S)
        hold(self._engine.writes == writes, "the same manifests again made the engine work")
        hold(self._controller.log.serial == events, "the same manifests again are news")

    # -- what people do --------------------------------------------------------------------

    def _apply_first(self) -> None:
        nodes = [scenario.node(self._random, name) for name in scenario.NODES]
        self._apply(*nodes, *(scenario.service(self._random, one) for one in scenario.SERVICES))

    def _apply(self, *specs: ServiceSpec | NodeSpec, prune: bool = False) -> None:
        services = tuple(spec for spec in specs if isinstance(spec, ServiceSpec))
        nodes = tuple(spec for spec in specs if isinstance(spec, NodeSpec))
        self._controller.apply(Change(services, nodes, prune))
        if prune:
            self._services.clear()
            self._nodes.clear()
        self._services |= {spec.name: spec for spec in services}
        self._nodes |= {spec.name: spec for spec in nodes}

    async def _change(self) -> None:
        self._apply(scenario.service(self._random, self._random.choice(scenario.SERVICES)))

    async def _prune(self) -> None:
        nodes = [spec for spec in self._nodes.values() if self._random.random() < 0.8]
        services = [spec for spec in self._services.values() if self._random.random() < 0.7]
        self._apply(*services, *(nodes or self._nodes.values()), prune=True)

    async def _scale(self) -> None:
        if self._services:
            name, count = self._any(self._services), self._random.randint(0, 10)
            self._controller.scale(name, count)
            update = {"replicas": count}
            self._services[name] = self._services[name].model_copy(update=update)

    async def _restart(self) -> None:
        if self._services:
            name = self._any(self._services)
            if not self._controller.cluster.desired.now.services[name].paused:
                self._controller.restart(name)

    async def _delete(self) -> None:
        if self._services:
            name = self._any(self._services)
            self._controller.delete(name)
            del self._services[name]

    def _any(self, names: dict[str, ServiceSpec] | dict[str, NodeSpec]) -> str:
        return self._random.choice(sorted(names))

    def _mark(self, *, cordoned: bool, draining: bool, word: str) -> None:
        name = self._any(self._nodes)
        self._controller.mark_node(name, cordoned=cordoned, draining=draining, word=word)

    async def _cordon(self) -> None:
        self._mark(cordoned=True, draining=False, word="Cordoned")

    async def _drain(self) -> None:
        self._mark(cordoned=True, draining=True, word="Draining")

    async def _uncordon(self) -> None:
        self._mark(cordoned=False, draining=False, word="Uncordoned")

    # -- what happens to them --------------------------------------------------------------

    async def _wait(self) -> None:
        await self._pass(self._random.uniform(0, 20))

    async def _kill(self) -> None:
        for replica in self._some():
            self._world.kill(replica)

    async def _freeze(self) -> None:
        for replica in self._some():
            replica.frozen = True

    def _some(self) -> list[SimulatedReplica]:
        running = [replica for replica in self._world if replica.running]
        return self._random.sample(running, min(len(running), self._random.randint(1, 4)))

    async def _lose_node(self) -> None:
        self._honest = False  # what is gone without a word is believed to run for a while
        self._world.lose(self._any(self._nodes))

    async def _restore_node(self) -> None:
        for name in sorted(self._world.lost_nodes):
            self._world.restore(name)

    def _cut_power(self) -> None:
        """Now and then nodes crash, those that are up and those that are down, or are up again."""
        draw = self._outages
        if draw is None or draw.random() >= OUTAGE:
            return
        names = draw.sample(sorted(self._nodes), draw.randint(1, min(2, len(self._nodes))))
        order = draw.choice(("crash", "crash", "recover"))
        self._tell(f"{order} {' '.join(names)}")
        getattr(self._controller.outages, order)(names)

    def _interfere(self) -> None:
        """Now and then a rollout is paused or resumed, or one replica restarted."""
        draw = self._interference
        if draw is None or not self._services or draw.random() >= INTERFERENCE:
            return
        order = draw.choice(("pause", "pause", "resume", "restart"))
        name = draw.choice(sorted(self._services))
        self._tell(f"{order} {name}")
        if order != "restart":
            getattr(self._controller.rollouts, order)(name)
            return
        active = [one for one in self._controller.cluster.observed.of_service(name) if one.active]
        for replica in draw.sample(active, min(len(active), 2)):
            self._controller.interventions.restart(replica)

    async def _engine_down(self) -> None:
        self._engine.down = True

    async def _engine_up(self) -> None:
        self._engine.down = False

    # -- what happens to the controller ----------------------------------------------------

    async def _restart_controller(self) -> None:
        await self._controller.close()
        await self._resume()

    async def _kill_controller(self) -> None:
        store = self._controller.store
        store._events.clear()
        store._slots.clear()
        store.flush = lambda: None  # type: ignore[method-assign]
        self._remembers = False
        await self._controller.close()
        await self._resume()

    async def _resume(self) -> None:
        """A new controller; it does not come up while the engine is down."""
        known = self._controller.cluster.observed.replicas.values()
        before = {one.id for one in known if one.phase is not Phase.EXITED}
        await asyncio.sleep(self._random.uniform(0, 10))
        self._begin()
        try:
            await self._controller.start()
            self._untold |= dict.fromkeys(before - self._running(), self._clock.wall())
        except OrchestratorError:
            hold(self._engine.down, "a controller did not come up")


def simulate(seed: int) -> Outcome:
    """Run one seed to its end, or to where it breaks."""
    # Backoff jitter is drawn from the global generator.
    global_random.seed(seed)
    folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            return runner.run(_outcome(seed, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _outcome(seed: int, folder: Path) -> Outcome:
    simulation = Simulation(seed, folder)
    broken = ""
    try:
        await simulation.run()
    except Exception as error:
        broken = f"{type(error).__name__}: {error}"
    virtual_s = asyncio.get_running_loop().time()
    text = "\n".join([*simulation.story, broken])
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Outcome(seed, broken, virtual_s, digest, tuple(simulation.story))
