"""Replicas that end, hang or sicken."""

import asyncio
import time
from dataclasses import replace

import pytest

from orchestrator.model.state import SlotKey
from tests.support import app
from tests.support.http import get, load
from tests.support.rig import QUICK, Rig, apply, converged, row, rows, settle, until
from tests.support.wait import eventually_async


async def test_a_killed_replica_is_replaced_at_once(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=3)
    apply(controller, web)
    await settle(controller)
    others = {one.name: one.id for one in rows(controller) if one.name != "web-2"}
    await controller.engine.signal(row(controller, "web-2").id or "", "KILL")
    again = await until(controller, "web-2", "Ready", attempt=2)
    assert (again.restarts, again.last_exit) == (1, "Error (137)")
    assert others.items() <= {one.name: one.id for one in rows(controller)}.items()
    await converged(controller, web)
    told = [
        one.reason for one in controller.store.events()
        if one.object == "replica/web-2" and "web-2.1 " in one.message
    ]  # fmt: skip
    assert told[-2:] == ["Error", "Unrouted"]


async def test_the_death_is_seen_by_event_and_not_by_polling(rig: Rig) -> None:
    """With an hour between two lists, only an event can have told."""
    timing = replace(QUICK, resync_s=3600.0)
    controller = await rig.controller(timing=timing)
    apply(controller, rig.worker(replicas=1))
    await settle(controller)
    await controller.engine.signal(row(controller, "job-1").id or "", "KILL")
    await until(controller, "job-1", "Ready", attempt=2)


async def test_a_crash_loop_is_named_and_told(rig: Rig) -> None:
    controller = await rig.controller()
    backoff = {"initial": "200ms", "max": "1s", "resetAfter": "60s"}
    apply(controller, rig.worker(code=app.CRASHES, replicas=1, restart={"backoff": backoff}))
    crashing = await until(controller, "job-1", "CrashLoopBackOff", attempt=3)
    assert crashing.last_exit == "Error (3)"
    assert "back-off" in crashing.reason


async def test_health_resets_the_backoff(rig: Rig) -> None:
    controller = await rig.controller()
    backoff = {"initial": "50ms", "max": "100ms", "resetAfter": "1s"}
    apply(controller, rig.service(replicas=1, restart={"backoff": backoff}))
    slot = SlotKey("web", 1)

    async def crash(attempt: int) -> int:
        ready = await until(controller, "web-1", "Ready", attempt=attempt)
        assert ready.attempt == attempt
        await controller.engine.signal(ready.id or "", "KILL")
        await until(controller, "web-1", "Ready", attempt=attempt + 1)
        return controller.cluster.observed.slots[slot].failures

    assert [await crash(1), await crash(2)] == [1, 2]
    healthy_since = time.monotonic()
    await eventually_async(lambda: time.monotonic() > healthy_since + 1.05)
    assert await crash(3) == 1


async def test_restarts_get_further_apart(rig: Rig) -> None:
    controller = await rig.controller()
    backoff = {"initial": "100ms", "max": "10s", "resetAfter": "60s"}
    apply(controller, rig.worker(code=app.CRASHES, replicas=1, restart={"backoff": backoff}))
    await until(controller, "job-1", "CrashLoopBackOff", attempt=4)
    starts = [one.time for one in controller.store.events() if one.reason == "Scheduled"]
    exits = [one.time for one in controller.store.events() if one.reason == "Error"]
    waits = [start - end for end, start in zip(exits, starts[1:], strict=False)]
    assert waits[0] < 0.1
    assert waits[1] >= 0.074
    assert waits[2] >= 0.149


async def test_a_failing_liveness_probe_restarts(rig: Rig) -> None:
    controller = await rig.controller()
    probe = {"path": "/healthz", "period": "100ms"}
    web = rig.service(replicas=2, probes={"readiness": probe, "liveness": probe})
    apply(controller, web)
    await settle(controller)
    sick = row(controller, "web-1")
    await get(sick.endpoint or "", "/set/healthz/500")
    again = await until(controller, "web-1", "Ready", attempt=2)
    assert again.last_exit.startswith("LivenessFailed")
    await converged(controller, web)


async def test_a_failing_readiness_probe_only_unroutes(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=2)
    apply(controller, web)
    await settle(controller)
    sick = row(controller, "web-1")
    await get(sick.endpoint or "", "/set/readyz/503")
    await until(controller, "web-1", "Running")

    async def only_the_other() -> bool:
        answers = [await get(f"127.0.0.1:{rig.port}") for _ in range(4)]
        return {one.body for one in answers} == {"web-2.1"}

    await eventually_async(only_the_other)
    await get(sick.endpoint or "", "/set/readyz/200")
    well = await until(controller, "web-1", "Ready")
    assert (well.id, well.attempt) == (sick.id, 1)
    await converged(controller, web)


@pytest.mark.parametrize(
    ("policy", "code", "status", "starts_again"),
    [
        ("always", app.COMPLETES, "CrashLoopBackOff", True),
        ("on-failure", app.COMPLETES, "Completed", False),
        ("on-failure", app.CRASHES, "CrashLoopBackOff", True),
        ("never", app.COMPLETES, "Completed", False),
        ("never", app.CRASHES, "Failed", False),
    ],
)
async def test_the_restart_policy_decides(
    rig: Rig, policy: str, code: str, status: str, starts_again: bool
) -> None:
    """Fault 12."""
    controller = await rig.controller()
    backoff = {"initial": "50ms", "max": "200ms"}
    restart = {"policy": policy, "backoff": backoff}
    job = rig.worker(code=code, replicas=1, restart=restart)
    apply(controller, job)
    seen = await until(controller, "job-1", status)
    if starts_again:
        await eventually_async(lambda: row(controller, "job-1").attempt >= 3)
        return
    controller.cluster.touch_all()
    await eventually_async(lambda: not controller.cluster.agenda.wake.is_set())
    writes = controller.engine.writes
    apply(controller, job)
    controller.cluster.touch_all()
    await controller.watcher.relist()
    await eventually_async(lambda: not controller.cluster.agenda.wake.is_set())
    assert (seen.attempt, controller.engine.writes) == (1, writes)


async def test_what_takes_too_much_memory_is_oom_killed(rig: Rig) -> None:
    """Fault 13."""
    controller = await rig.controller()
    if rig.kind == "process" and "memory" not in controller.engine.limits:  # type: ignore[attr-defined]
        pytest.skip("no control group bounds memory here")
    resources = {"requests": {"memory": "16Mi"}, "limits": {"memory": "32Mi"}}
    web = rig.service(replicas=1, resources=resources)
    apply(controller, web)
    await settle(controller)
    eating = asyncio.create_task(get(row(controller, "web-1").endpoint or "", "/eat/200"))
    again = await until(controller, "web-1", "Ready", attempt=2)
    await asyncio.gather(eating, return_exceptions=True)
    assert again.last_exit == "OOMKilled (137)"
    assert "OOMKilled" in {one.reason for one in controller.store.events(about="replica/web-1")}
    await converged(controller, web)


async def test_who_ignores_sigterm_is_killed_at_the_deadline(rig: Rig) -> None:
    """Fault 14."""
    controller = await rig.controller()
    apply(controller, rig.service(replicas=1, stopGracePeriod="300ms"))
    await settle(controller)
    await get(row(controller, "web-1").endpoint or "", "/deaf")
    began = time.monotonic()
    controller.scale("web", 0)
    await settle(controller)
    assert 0.3 <= time.monotonic() - began < 5


async def test_many_deaths_at_once_are_all_seen(rig: Rig) -> None:
    """Fault 5."""
    count = 12 if rig.kind == "process" else 6
    controller = await rig.controller()
    job = rig.worker(replicas=count)
    apply(controller, job)
    await settle(controller)
    for one in rows(controller):
        await controller.engine.signal(one.id or "", "KILL")
    await eventually_async(lambda: all(one.attempt == 2 and one.ready for one in rows(controller)))
    await converged(controller, job)


async def test_removed_behind_our_back_is_replaced(rig: Rig) -> None:
    """Fault 9: and what is to be removed and is gone is as good as removed."""
    controller = await rig.controller()
    web = rig.service(replicas=2)
    apply(controller, web)
    await settle(controller)
    stranger = rig.engine()
    await stranger.open()
    try:
        await stranger.remove(row(controller, "web-1").id or "")
        await until(controller, "web-1", "Ready", attempt=2)
        await converged(controller, web)
        for one in rows(controller):
            await stranger.stop(one.id or "", 0)
            await stranger.remove(one.id or "")
        controller.scale("web", 0)
        await settle(controller)
    finally:
        await stranger.close()


async def test_a_completed_job_that_is_cleared_away_is_not_run_again(rig: Rig) -> None:
    """As by `docker container prune`: how it ended still counts."""
    controller = await rig.controller()
    job = rig.worker(code=app.COMPLETES, replicas=1, restart="never")
    apply(controller, job)
    await until(controller, "job-1", "Completed")
    for one in await controller.engine.list():
        await controller.engine.remove(one.engine_id)
    for _ in range(3):
        await controller.watcher.relist()
        controller.cluster.touch_all()
        await eventually_async(lambda: not controller.cluster.agenda.wake.is_set())
    assert await controller.engine.list() == []
    assert row(controller, "job-1").status == "Completed"


async def test_traffic_does_not_notice_a_death(rig: Rig) -> None:
    """Fault 28: the proxy goes on to the next replica."""
    controller = await rig.controller()
    web = rig.service(replicas=3)
    apply(controller, web)
    await settle(controller)
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        await eventually_async(lambda: traffic.total > 20)
        await controller.engine.signal(row(controller, "web-2").id or "", "KILL")
        await until(controller, "web-2", "Ready", attempt=2)
        await eventually_async(lambda: traffic.answers["web-2.2"] > 3)
    assert traffic.failures == []
