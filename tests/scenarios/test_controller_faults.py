"""The controller dies, at any of its calls to the engine or in between: the next carries on."""

import asyncio
from typing import Any

import pytest

from orchestrator.model.spec import ServiceSpec
from orchestrator.model.state import SlotKey
from orchestrator.runtime.controller import Controller
from tests.support import app
from tests.support.faulty import WRITES, Killing, Passing
from tests.support.http import get, load
from tests.support.rig import Rig, apply, converged, portrait, row, rows, settle, until
from tests.support.wait import eventually_async

STEPS = 10
"""Writing calls of `busy_life`, or fewer."""


async def busy_life(controller: Controller, rig: Rig) -> None:
    """Up, a new revision, fewer replicas: starts, stops and removals."""
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    apply(controller, last_wish(rig))
    await settle(controller)
    controller.scale("web", 1)
    await settle(controller)


def last_wish(rig: Rig) -> ServiceSpec:
    """What is wanted in the end."""
    return rig.service(replicas=2, env={"VERSION": "2"})


async def test_a_busy_life_makes_that_many_calls(rig: Rig) -> None:
    engine = Passing(rig.engine())
    controller = await rig.controller(engine)
    await busy_life(controller, rig)
    await eventually_async(lambda: sum(call in WRITES for call in engine.calls) >= STEPS)


CALLS: list[Any] = [
    ("process", call, after) for call in range(1, STEPS + 1) for after in (False, True)
]
SOME_CALLS = [
    pytest.param("docker", call, call % 2 == 0, marks=pytest.mark.docker)
    for call in range(1, STEPS + 1, 3)
]


@pytest.mark.parametrize(("rig", "call", "after"), CALLS + SOME_CALLS, indirect=["rig"])
async def test_killed_at_any_call_the_next_controller_carries_on(
    rig: Rig, call: int, after: bool
) -> None:
    """Faults 1 and 2: no orphan, no duplicate, whatever had taken effect."""
    engine = Killing(rig.engine(), call, after=after)
    dying = await rig.controller(engine)
    life = asyncio.create_task(busy_life(dying, rig))
    async with asyncio.timeout(60):
        await engine.dead.wait()
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    await rig.kill(dying)
    controller = await rig.controller()
    wanted = last_wish(rig)
    apply(controller, wanted)
    await converged(controller, wanted)
    attempts = [one.id for one in await controller.engine.list()]
    assert len(attempts) == len(set(attempts))


async def test_a_killed_controller_is_not_missed(rig: Rig) -> None:
    """Fault 44: requests go on without it; the next one adopts all, starts and ends nothing."""
    controller = await rig.controller()
    web = rig.service(replicas=3)
    apply(controller, web)
    await settle(controller)
    before = {(one.name, one.id, one.attempt) for one in rows(controller)}
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        await rig.kill(controller)
        served = traffic.total
        await eventually_async(lambda: traffic.total > served + 20)
        again = await rig.controller()
        await settle(again)
        served = traffic.total
        await eventually_async(lambda: traffic.total > served + 20)
    assert traffic.failures == []
    assert {(one.name, one.id, one.attempt) for one in rows(again)} == before
    assert again.engine.writes == 0
    await converged(again, web)


async def test_a_stop_before_the_first_probes_of_the_next_controller_unroutes_nobody_else(
    rig: Rig,
) -> None:
    """It does not know yet who is ready: the proxy goes on as before until it does."""
    controller = await rig.controller()
    probe = {"path": "/slow/300", "period": "100ms"}
    apply(controller, rig.service(replicas=3, probes={"readiness": probe}))
    await settle(controller)
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        await rig.kill(controller)
        again = await rig.controller()
        again.scale("web", 2)
        await until(again, "web-1", "Ready")
        await settle(again)
        served = traffic.total
        await eventually_async(lambda: traffic.total > served + 20)
    assert traffic.failures == []
    assert [one.name for one in rows(again)] == ["web-1", "web-2"]


async def test_deaths_while_nobody_controls_are_repaired(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=2)
    apply(controller, web)
    await settle(controller)
    victim = row(controller, "web-1").id or ""
    await rig.kill(controller)
    engine = rig.engine()
    await engine.open()
    await engine.signal(victim, "KILL")
    await engine.close()
    again = await rig.controller()
    await until(again, "web-1", "Ready", attempt=2)
    await converged(again, web)


async def test_a_completed_job_is_not_run_again_by_the_next_controller(rig: Rig) -> None:
    controller = await rig.controller()
    job = rig.worker(code=app.COMPLETES, replicas=1, restart="never")
    apply(controller, job)
    await until(controller, "job-1", "Completed")
    await rig.close(controller)
    again = await rig.controller()
    assert (await until(again, "job-1", "Completed")).attempt == 1
    assert again.engine.writes == 0


async def test_a_backoff_goes_on_in_the_next_controller(rig: Rig) -> None:
    controller = await rig.controller()
    backoff = {"initial": "60s", "max": "60s", "resetAfter": "60s"}
    apply(controller, rig.worker(code=app.CRASHES, replicas=1, restart={"backoff": backoff}))
    await until(controller, "job-1", "CrashLoopBackOff")

    async def the_engine_knows() -> bool:
        return not any(one.running for one in await controller.engine.list())

    await eventually_async(the_engine_knows)
    await rig.close(controller)
    again = await rig.controller()
    assert (await until(again, "job-1", "CrashLoopBackOff")).attempt == 2
    assert again.cluster.observed.slots[SlotKey("job", 1)].failures == 2
    assert again.engine.writes == 0


async def test_a_stop_goes_on_in_the_next_controller(rig: Rig) -> None:
    """Fault 14: killed while it waits for a replica that ignores SIGTERM."""
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2, stopGracePeriod="700ms"))
    await settle(controller)
    await get(row(controller, "web-2").endpoint or "", "/deaf")
    controller.scale("web", 1)
    await until(controller, "web-2", "Terminating")
    await eventually_async(lambda: controller.store.stopping())
    await rig.kill(controller)
    again = await rig.controller()
    await settle(again)
    await eventually_async(lambda: not again.store.stopping())
    assert [service for service, *_ in await portrait(again)] == ["web"]


async def test_a_lost_state_leaves_replicas_alone_until_they_are_claimed(rig: Rig) -> None:
    """Fault 20."""
    controller = await rig.controller()
    web = rig.service(replicas=3)
    apply(controller, web)
    await settle(controller)
    before = {(one.name, one.id) for one in rows(controller)}
    await rig.kill(controller)
    rig.project.database.write_bytes(b"not a database")
    again = await rig.controller()
    for _ in range(3):
        await again.watcher.relist()
    reasons = [one.reason for one in again.store.events()]
    assert {"StateLost", "Unclaimed"} <= set(reasons)
    assert (len(await portrait(again)), again.engine.writes) == (3, 0)
    apply(again, web)
    await settle(again)
    assert {(one.name, one.id) for one in rows(again)} == before
    assert again.engine.writes == 0
    await converged(again, web)
