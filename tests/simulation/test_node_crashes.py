"""A power cut at every moment of a start, by the whole controller in virtual time."""

import asyncio
from pathlib import Path

import pytest

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
from orchestrator.model.timing import DEMO
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.desired import Change
from orchestrator.runtime.project import Project

REPLICAS = 40
CALL_S = 0.2
SLOW = Behaviour(call=Delay(CALL_S), boot=Delay(1.0), stop=Delay(3.0))


def cluster() -> Change:
    """Four nodes, each with room for twenty replicas."""
    nodes = tuple(
        NodeSpec.model_validate({"name": name, "capacity": {"cpu": 20, "memory": "20Gi"}})
        for name in ("n1", "n2", "n3", "n4")
    )
    web = {
        "name": "web",
        "image": "app",
        "port": 8000,
        "replicas": REPLICAS,
        "resources": {"requests": {"cpu": 1, "memory": "1Gi"}},
        "placement": {"strategy": "spread"},
        "probes": {"readiness": {"path": "/healthz"}},
    }
    return Change((ServiceSpec.model_validate(web),), nodes)


async def crashed(folder: Path, at_s: float) -> tuple[list[Event], World, Controller]:
    """What came of it that n2 crashed so long after everything was begun, a minute later."""
    clock = VirtualClock(asyncio.get_running_loop())
    world = World(SLOW, 1, clock.wall)
    project = Project("sim", folder)
    project.create()
    controller = Controller(project, SimulatedEngine(world), Settings(DEMO, proxy_workers=0), clock)
    await controller.start()
    try:
        controller.apply(cluster())
        await asyncio.sleep(at_s)
        controller.outages.crash(["n2"])
        await asyncio.sleep(60)
        return controller.store.events(limit=10_000), world, controller
    finally:
        await controller.close()


@pytest.mark.parametrize("at_s", [0.0, 0.1, CALL_S, 0.5, 1.3, 30.0])
def test_nothing_comes_up_on_it_and_all_is_elsewhere_at_once(tmp_path: Path, at_s: float) -> None:
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        events, world, controller = runner.run(crashed(tmp_path, at_s))
    running = [one for one in world if one.running]
    assert len(running) == REPLICAS
    assert {one.node for one in running} == {"n1", "n3", "n4"}
    (crash,) = [event for event in events if event.reason == "NodeNotReady"]
    lost = [event for event in events if event.reason == "NodeLost"]
    again = [event for event in events if "node n2 crashed" in event.message]
    again = [event for event in again if event.reason == "Scheduled"]
    assert len(lost) == len(again) == REPLICAS // 4
    assert all(event.time < crash.time + 0.001 for event in again), "not after the kills: at once"
    # Those under way by then are waited for: one call at most, then the kill is one.
    assert all(event.time <= crash.time + 2 * CALL_S + 0.01 for event in lost)
    histories = controller.cluster.observed.slots.values()
    assert {(one.failures, one.restarts) for one in histories} == {(0, 0)}
