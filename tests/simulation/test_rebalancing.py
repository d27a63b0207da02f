"""A rebalancing by the whole controller, on the simulated engine in virtual time."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path

from orchestrator.engines.simulated import (
    PLAYFUL,
    SimulatedEngine,
    VirtualClock,
    VirtualLoop,
    World,
)
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import Phase
from orchestrator.model.timing import DEMO
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.desired import Change
from orchestrator.runtime.mover import AT_ONCE
from orchestrator.runtime.project import Project
from tests.support.rig import rebalanced

SERVICES = {"api": 12, "db": 6, "web": 9}
NODES = 6
LOOK_S = 0.02
PATIENCE_S = 300.0


def service(name: str, replicas: int) -> ServiceSpec:
    return ServiceSpec.model_validate(
        {
            "name": name,
            "image": "app",
            "port": 8000,
            "replicas": replicas,
            "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}},
            "placement": {"strategy": "spread"},
            "probes": {"readiness": {"path": "/healthz"}},
        }
    )


def nodes() -> tuple[NodeSpec, ...]:
    capacity = {"cpu": 2, "memory": "4Gi"}
    return tuple(
        NodeSpec.model_validate({"name": f"n{number}", "capacity": capacity})
        for number in range(1, NODES + 1)
    )


class Stage:
    """A controller on its own cluster, and what is seen of it moment by moment."""

    def __init__(self, controller: Controller, world: World) -> None:
        self.controller = controller
        self.world = world

    def ready(self) -> Counter[str]:
        replicas = self.controller.cluster.observed.replicas.values()
        return Counter(one.id.service for one in replicas if one.ready and one.active)

    def in_use(self) -> set[str]:
        replicas = self.controller.cluster.observed.replicas.values()
        return {one.node for one in replicas if one.phase is not Phase.EXITED}

    def events(self, reason: str) -> list[str]:
        found = self.controller.store.events(limit=10_000)
        return [event.message for event in found if event.reason == reason]

    async def until(self, true: Callable[[], bool], wanted: dict[str, int] | None = None) -> None:
        """Time passes; at no moment is there less ready than `wanted`."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_S
        while not true():
            assert loop.time() < end, "it never came to it"
            await asyncio.sleep(LOOK_S)
            assert len(self.controller.cluster.desired.now.moves) <= AT_ONCE
            for name, least in (wanted or {}).items():
                assert self.ready()[name] >= least, f"{name} has {self.ready()[name]} ready"

    async def fill(self) -> None:
        """All services, then a third of each: the nodes are left half empty."""
        services = tuple(service(name, 3 * count // 2) for name, count in SERVICES.items())
        self.controller.apply(Change(services, nodes()))
        await self.until(lambda: self.ready().total() == sum(3 * n // 2 for n in SERVICES.values()))
        for name, count in SERVICES.items():
            self.controller.scale(name, count // 3)
        wanted = {name: count // 3 for name, count in SERVICES.items()}
        await self.until(lambda: self.ready() == Counter(wanted))
        await asyncio.sleep(30)


def play(folder: Path, scene: Callable[[Stage], Coroutine[None, None, None]]) -> None:
    async def run() -> None:
        clock = VirtualClock(asyncio.get_running_loop())
        world = World(PLAYFUL, 7, clock.wall)
        project = Project("sim", folder)
        project.create()
        settings = Settings(DEMO, proxy_workers=0)
        controller = Controller(project, SimulatedEngine(world), settings, clock)
        await controller.start()
        try:
            stage = Stage(controller, world)
            await stage.fill()
            await scene(stage)
        finally:
            await controller.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())


def test_nodes_come_free_and_at_no_moment_is_less_ready_than_wanted(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wanted = dict(stage.ready())
        assert stage.in_use() == {node.name for node in nodes()}
        shown = rebalanced(stage.controller, dry_run=True)
        assert not stage.controller.mover.left
        plan = rebalanced(stage.controller)
        assert plan == shown
        assert (plan.nodes_before, plan.nodes_after) == (6, 2)
        await stage.until(lambda: not stage.controller.mover.left, wanted)
        assert len(stage.in_use()) == 2
        assert stage.ready() == Counter(wanted)
        assert len(stage.events("Moved")) == len(plan.moves)
        assert not stage.events("MoveFailed")
        assert not rebalanced(stage.controller, dry_run=True).moves

    play(tmp_path, scene)


def test_a_target_that_is_cordoned_meanwhile_ends_the_moves_of_that_node(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wanted = dict(stage.ready())
        plan = rebalanced(stage.controller)
        for target in {move.target for move in plan.moves}:
            stage.controller.mark_node(target, cordoned=True, draining=False, word="Cordoned")
        await stage.until(lambda: not stage.controller.mover.left, wanted)
        assert stage.events("MoveFailed")
        await stage.until(lambda: stage.ready() == Counter(wanted), wanted)

    play(tmp_path, scene)


def test_a_second_order_takes_the_place_of_the_first(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        wanted = dict(stage.ready())
        rebalanced(stage.controller)
        await asyncio.sleep(0.1)
        rebalanced(stage.controller, most=2)
        await stage.until(lambda: not stage.controller.mover.left, wanted)
        await asyncio.sleep(30)
        assert stage.ready() == Counter(wanted)
        assert stage.controller.cluster.desired.now.moves == {}

    play(tmp_path, scene)
