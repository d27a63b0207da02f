"""The engine loses, repeats, delays and refuses: the end state is the one without the fault."""

import asyncio
import uuid

import pytest

from orchestrator.engines.base import Engine
from orchestrator.model.state import ReplicaId
from tests.support.clock import JumpingClock
from tests.support.faulty import (
    WRITES,
    Delayed,
    Forgetful,
    Garbled,
    Moody,
    Noisy,
    Passing,
    Silent,
    Slow,
)
from tests.support.http import load
from tests.support.rig import Rig, apply, converged, portrait, row, rows, settle, until
from tests.support.wait import eventually_async


@pytest.mark.parametrize("fault", [Silent, Garbled, Passing])
async def test_lost_repeated_or_reordered_events_change_nothing(
    rig: Rig, fault: type[Passing]
) -> None:
    """Fault 4."""
    controller = await rig.controller(fault(rig.engine()))
    web = rig.service(replicas=3)
    apply(controller, web)
    await settle(controller)
    await controller.engine.signal(row(controller, "web-2").id or "", "KILL")
    await until(controller, "web-2", "Ready", attempt=2)
    controller.scale("web", 2)
    apply(controller, new := rig.service(replicas=2, env={"VERSION": "2"}))
    await converged(controller, new)
    assert [one.attempt for one in rows(controller)] == [2, 3]


async def test_a_burst_of_events_is_one_look(rig: Rig) -> None:
    """Fault 5."""
    engine = Noisy(rig.engine())
    controller = await rig.controller(engine)
    job = rig.worker(replicas=4)
    apply(controller, job)
    await settle(controller)
    engine.calls.clear()
    for one in rows(controller):
        await engine.signal(one.id or "", "KILL")
    await eventually_async(lambda: all(one.attempt == 2 and one.ready for one in rows(controller)))
    await converged(controller, job)
    assert engine.calls.count("list") < 100


async def test_a_list_that_hides_everything_once_kills_and_doubles_nothing(rig: Rig) -> None:
    """Fault 3: not believed before a second look says the same."""
    engine = Forgetful(rig.engine())
    controller = await rig.controller(engine)
    web = rig.service(replicas=3)
    apply(controller, web)
    await converged(controller, web)
    before, writes = {one.id for one in rows(controller)}, engine.writes
    engine.hidden = 1
    await controller.watcher.relist()
    await eventually_async(lambda: engine.calls[-1] == "list" and not engine.hidden)
    await converged(controller, web)
    assert ({one.id for one in rows(controller)}, engine.writes) == (before, writes)


async def test_an_old_list_brings_nothing_back_and_kills_nothing(rig: Rig) -> None:
    """Fault 3: what was listed before a death and a scaling, told again after them."""
    engine = Forgetful(rig.engine())
    controller = await rig.controller(engine)
    web = rig.service(replicas=2)
    apply(controller, web)
    await settle(controller)
    await engine.remember()
    await engine.signal(row(controller, "web-1").id or "", "KILL")
    await until(controller, "web-1", "Ready", attempt=2)
    engine.stale = 1
    await controller.watcher.relist()
    await converged(controller, web)
    assert [one.attempt for one in rows(controller)] == [2, 1]


async def test_an_old_list_does_not_bring_back_what_was_removed(rig: Rig) -> None:
    """Fault 3: it would be counted as dead a second time."""
    engine = Delayed(rig.engine())
    controller = await rig.controller(engine)
    apply(controller, rig.worker(replicas=1))
    await settle(controller)
    async with engine.held_up():
        looking = asyncio.create_task(controller.watcher.relist())
        await eventually_async(lambda: engine.waiting)
        for attempt in (1, 2):
            await engine.signal(row(controller, "job-1").id or "", "KILL")
            await until(controller, "job-1", "Ready", attempt=attempt + 1)
        first = ReplicaId("job", 1, 1)
        await eventually_async(lambda: first not in controller.cluster.observed.replicas)
    await looking
    assert first not in controller.cluster.observed.replicas
    await converged(controller, rig.worker(replicas=1))
    assert row(controller, "job-1").restarts == 2


@pytest.mark.parametrize("times", [1, 3])
async def test_a_start_that_timed_out_but_took_effect_is_not_repeated(rig: Rig, times: int) -> None:
    """Fault 8."""
    engine = Slow(rig.engine(), "start", times=times)
    controller = await rig.controller(engine)
    web = rig.service(replicas=2)
    apply(controller, web)
    await converged(controller, web)
    assert len(await portrait(controller)) == 2


async def test_a_stop_that_timed_out_is_insisted_on(rig: Rig) -> None:
    engine = Slow(rig.engine(), "stop", "remove", times=2)
    controller = await rig.controller(engine)
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    controller.scale("web", 1)
    await settle(controller)

    async def one_left() -> bool:
        return len(await engine.list()) == 1

    await eventually_async(one_left)


async def test_an_engine_that_is_away_for_a_while_is_waited_for(rig: Rig) -> None:
    """Fault 6: replicas go on, requests too; what was wanted meanwhile is done afterwards."""
    engine = Moody(rig.engine())
    controller = await rig.controller(engine)
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    before = {one.id for one in rows(controller)}
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        engine.down = True
        controller.scale("web", 3)
        await eventually_async(lambda: controller.watcher.degraded)
        tried = sum(call in WRITES for call in engine.calls)
        served = traffic.total
        await eventually_async(lambda: traffic.total > served + 20)
        assert sum(call in WRITES for call in engine.calls) - tried <= 1
        engine.down = False
        await settle(controller)
    assert traffic.failures == []
    assert controller.watcher.degraded == ""
    assert before < {one.id for one in rows(controller)}
    assert row(controller, "web-3").attempt <= 3
    await converged(controller, rig.service(replicas=3))


async def test_an_engine_that_goes_away_in_a_start_is_not_hammered(rig: Rig) -> None:
    engine = Moody(rig.engine())
    controller = await rig.controller(engine)
    engine.down = True
    web = rig.service(replicas=2)
    apply(controller, web)
    await eventually_async(lambda: controller.watcher.degraded)
    assert sum(call in WRITES for call in engine.calls) <= 4
    engine.down = False
    await converged(controller, web)


async def test_replicas_that_die_with_their_engine_come_back_with_it(rig: Rig) -> None:
    """Fault 6."""
    engine = Moody(rig.engine())
    controller = await rig.controller(engine)
    job = rig.worker(replicas=3)
    apply(controller, job)
    await settle(controller)
    engine.down = True
    for one in rows(controller):
        await engine.real.signal(one.id or "", "KILL")
    await eventually_async(lambda: controller.watcher.degraded)
    engine.down = False
    await eventually_async(lambda: [one.attempt for one in rows(controller)] == [2, 2, 2])
    await converged(controller, job)


async def test_an_engine_that_hangs_does_not_hold_up_the_loop(rig: Rig) -> None:
    """Fault 7: commands and reads are answered, requests go on."""
    engine = Moody(rig.engine())
    controller = await rig.controller(engine)
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    engine.hang()
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        controller.scale("web", 3)
        await until(controller, "web-3", "Starting")
        served = traffic.total
        await eventually_async(lambda: traffic.total > served + 20)
    assert traffic.failures == []
    engine.hang(False)
    await converged(controller, rig.service(replicas=3))


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0])
async def test_a_jump_of_the_wall_clock_restarts_nothing(rig: Rig, jump_s: float) -> None:
    """Fault 11."""
    clock = JumpingClock()
    controller = await rig.controller(clock=clock)
    web = rig.service(replicas=2)
    apply(controller, web)
    await converged(controller, web)
    before = {one.id for one in rows(controller)}
    clock.offset_s = jump_s
    await converged(controller, web)
    assert {one.id for one in rows(controller)} == before
    await controller.engine.signal(row(controller, "web-1").id or "", "KILL")
    await until(controller, "web-1", "Ready", attempt=2)
    await rig.close(controller)
    again = await rig.controller(clock=clock)
    await converged(again, web)
    assert {one.attempt for one in rows(again)} == {1, 2}


async def test_what_is_not_ours_is_left_alone(rig: Rig) -> None:
    """Fault 26: another project on the same engine."""
    from orchestrator.model.launch import Launch
    from orchestrator.runtime.project import Project
    from tests.engines.contract.bench import IMAGE
    from tests.support import app

    other = Project(f"other-{uuid.uuid4().hex[:8]}", rig.project.folder.parent)
    other.create()
    neighbour: Engine = rig.engine(other)
    await neighbour.open()
    try:
        launch = Launch(
            id=ReplicaId("web", 1, 1), node="local", zone="", revision="r", image=IMAGE,
            command=tuple(app.python(app.WAITS)), env={}, port=None, hostname="web-1",
        )  # fmt: skip
        stranger = await neighbour.start(launch)
        controller = await rig.controller()
        apply(controller, rig.service(replicas=1))
        await settle(controller)
        assert [one.engine_id for one in await neighbour.list()] == [stranger.engine_id]
        controller.delete("web")
        await settle(controller)
        assert (await neighbour.list())[0].running
        await rig.clear()
        assert (await neighbour.list())[0].running
    finally:
        await neighbour.destroy()
        await neighbour.close()
        other.remove()
