"""Priorities by the whole controller, on the simulated engine in virtual time."""

import asyncio
from collections import Counter
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
from orchestrator.runtime.project import Project

PATIENCE_S = 300.0


def service(name: str, replicas: int, cpu: int, priority: int) -> ServiceSpec:
    return ServiceSpec.model_validate(
        {
            "name": name,
            "image": "app",
            "replicas": replicas,
            "priority": priority,
            "resources": {"requests": {"cpu": cpu, "memory": "64Mi"}},
        }
    )


def nodes() -> tuple[NodeSpec, ...]:
    capacity = {"cpu": 4, "memory": "4Gi"}
    names = ("n1", "n2", "n3")
    return tuple(NodeSpec.model_validate({"name": one, "capacity": capacity}) for one in names)


def running(controller: Controller) -> Counter[str]:
    replicas = controller.cluster.observed.replicas.values()
    return Counter(one.id.service for one in replicas if one.ready and one.active)


async def until(controller: Controller, wanted: dict[str, int]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while running(controller) != Counter(wanted):
            await asyncio.sleep(0.05)


async def scene(controller: Controller) -> None:
    low, high = service("low", 12, 1, 0), service("high", 3, 3, 10)
    controller.apply(Change((low,), nodes()))
    await until(controller, {"low": 12})
    # Three of four have to go on each node: one that goes first does not lose its room to another.
    controller.apply(Change((high,), ()))
    await until(controller, {"low": 3, "high": 3})
    assert {key.service for key in controller.pending} == {"low"}
    events = [event.message for event in controller.store.events(limit=1_000)]
    assert sum("preempted by high-" in message for message in events) == 9
    at_rest = set(controller.cluster.observed.replicas)
    await asyncio.sleep(60)
    assert set(controller.cluster.observed.replicas) == at_rest
    now = controller.cluster.observed.replicas.values()
    assert len([one for one in now if one.phase is not Phase.EXITED]) == 6
    controller.scale("high", 1)
    await until(controller, {"low": 9, "high": 1})


def test_the_important_get_their_room_and_nothing_goes_round_in_circles(tmp_path: Path) -> None:
    async def run() -> None:
        clock = VirtualClock(asyncio.get_running_loop())
        project = Project("sim", tmp_path)
        project.create()
        settings = Settings(DEMO, proxy_workers=0)
        engine = SimulatedEngine(World(PLAYFUL, 7, clock.wall))
        controller = Controller(project, engine, settings, clock)
        await controller.start()
        try:
            await scene(controller)
        finally:
            await controller.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(run())
