"""What lists teach the controller, on the simulated engine in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from orchestrator.engines.simulated import (
    Behaviour,
    Delay,
    SimulatedEngine,
    VirtualClock,
    VirtualLoop,
    World,
)
from orchestrator.model.launch import EngineReplica, Launch
from orchestrator.model.state import ReplicaId
from orchestrator.model.timing import DEMO
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.desired import Change
from orchestrator.runtime.project import Project
from tests.runtime.conftest import service

Story = Callable[[Controller, World], Awaitable[None]]


def play(folder: Path, story: Story) -> None:
    """Have a controller run while the story goes on."""

    async def whole() -> None:
        world = World()
        project = Project("watcher", folder)
        project.create()
        clock = VirtualClock(asyncio.get_running_loop())
        settings = Settings(DEMO, proxy_workers=0)
        controller = Controller(project, SimulatedEngine(world), settings, clock)
        await controller.start()
        try:
            await story(controller, world)
        finally:
            await controller.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(whole())


def stranger(name: str, attempt: int) -> Launch:
    """What somebody else starts under our label."""
    return Launch(
        id=ReplicaId(name, 1, attempt), node="local", zone="", revision="old", image=None,
        command=("true",), env={}, port=None, hostname=name,
    )  # fmt: skip


def test_a_dead_older_attempt_that_turns_up_is_removed(tmp_path: Path) -> None:
    async def story(controller: Controller, world: World) -> None:
        controller.apply(Change((service(replicas=1),)))
        for attempt in (1, 2):
            await asyncio.sleep(20)
            world.kill(world.replicas[ReplicaId("web", 1, attempt)])
        await asyncio.sleep(20)
        assert [(one.id.attempt, one.running) for one in world] == [(2, False), (3, True)]
        world.kill(world.start(stranger("web", 1)))
        await asyncio.sleep(20)
        assert [(one.id.attempt, one.running) for one in world] == [(2, False), (3, True)]

    play(tmp_path, story)


def test_what_nobody_wants_and_vanished_leaves_no_record(tmp_path: Path) -> None:
    async def story(controller: Controller, world: World) -> None:
        ghost = world.start(stranger("ghost", 1))
        await asyncio.sleep(10)
        assert controller.cluster.observed.replicas[ghost.id].node == "local"
        world.remove(ghost)
        await asyncio.sleep(20)
        assert controller.cluster.observed.replicas == {}

    play(tmp_path, story)


def test_the_record_of_a_dead_one_that_nobody_wants_stays_while_the_engine_lists_it(
    tmp_path: Path,
) -> None:
    async def story(controller: Controller, world: World) -> None:
        ghost = world.start(stranger("ghost", 1))
        await asyncio.sleep(10)
        world.kill(ghost)
        await asyncio.sleep(20)
        found: list[EngineReplica] = [one.seen() for one in world]
        assert [one.id for one in found] == list(controller.cluster.observed.replicas)

    play(tmp_path, story)


def test_a_replica_that_waits_for_a_probe_is_ready_once_nobody_asks_for_it(tmp_path: Path) -> None:
    async def story(controller: Controller, world: World) -> None:
        world.behaviour = Behaviour(boot=Delay(600.0))
        slow = {"startup": {"exec": ["true"], "period": "10s", "failureThreshold": 100}}
        controller.apply(Change((service(replicas=1, probes=slow),)))
        await asyncio.sleep(5)
        (known,) = controller.cluster.observed.replicas.values()
        assert not known.ready
        controller.apply(Change((service(replicas=1),)))
        assert controller.cluster.observed.replicas[known.id].ready
        assert controller.store.events()[-2].reason == "Ready"

    play(tmp_path, story)


def test_what_turns_up_of_a_deleted_service_goes_too(tmp_path: Path) -> None:
    """Hidden from every list while its service was deleted, or started late; running or not."""

    async def story(controller: Controller, world: World) -> None:
        controller.apply(Change((service(replicas=1),)))
        await asyncio.sleep(10)
        controller.delete("web")
        await asyncio.sleep(20)
        assert not controller.cluster.desired.deleting
        world.start(stranger("web", 7))
        world.kill(world.start(stranger("web", 8)))
        await asyncio.sleep(20)
        assert list(world) == []
        assert controller.cluster.observed.replicas == {}
        assert not controller.cluster.desired.deleting

    play(tmp_path, story)


def test_what_was_deleted_is_known_to_the_next_controller(tmp_path: Path) -> None:
    async def before(controller: Controller, world: World) -> None:
        controller.apply(Change((service(replicas=1),)))
        await asyncio.sleep(10)
        controller.delete("web")
        await asyncio.sleep(20)

    async def after(controller: Controller, world: World) -> None:
        world.start(stranger("web", 7))
        ghost = world.start(stranger("ghost", 1))
        await asyncio.sleep(20)
        assert list(world) == [ghost]

    play(tmp_path, before)
    play(tmp_path, after)
