"""A rollout that is paused: nothing is replaced for its revision, and all else goes on."""

from orchestrator.model.views import ServiceView
from orchestrator.runtime.controller import Controller
from orchestrator.runtime.queries import Queries
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support.http import load
from tests.support.rig import Rig, apply, converged, is_quiet, row, rows, settle, until
from tests.support.wait import eventually_async


def web(controller: Controller) -> ServiceView:
    """What `orch services` shows."""
    return Queries(controller).service("web")


async def test_a_paused_rollout_stands_still_and_is_finished_when_it_is_resumed(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=3))
    await settle(controller)
    before = {one.id for one in rows(controller)}
    controller.rollouts.pause("web")
    new = rig.service(replicas=3, env={"VERSION": "2"})
    apply(controller, new)
    assert await is_quiet(controller, new)
    assert {one.id for one in rows(controller)} == before
    seen = web(controller)
    assert (seen.paused, seen.ready, seen.up_to_date, seen.status) == (True, 3, 0, "Ready")
    assert seen.reason == "its rollout is paused: 3 of 3 not updated"
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        controller.rollouts.resume("web")
        await settle(controller)
    assert traffic.failures == []
    assert (web(controller).paused, web(controller).up_to_date) == (False, 3)
    await converged(controller, new)


async def test_paused_in_its_midst_it_goes_no_further_than_the_surge(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=4))
    await settle(controller)
    old = row(controller, "web-1").revision
    apply(controller, rig.service(replicas=4, env={"VERSION": "2"}))
    await eventually_async(lambda: any(one.revision != old for one in rows(controller)))
    controller.rollouts.pause("web")
    begun = {one.name for one in rows(controller) if one.revision != old}
    await eventually_async(lambda: web(controller).status == "Ready" and len(rows(controller)) == 4)
    assert {one.name for one in rows(controller) if one.revision != old} == begun
    assert web(controller).reason == f"its rollout is paused: {4 - len(begun)} of 4 not updated"


async def test_what_dies_or_is_added_while_it_is_paused_has_the_new_revision(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    kept = row(controller, "web-1")
    controller.rollouts.pause("web")
    apply(controller, rig.service(replicas=2, env={"VERSION": "2"}))
    await controller.engine.signal(row(controller, "web-2").id or "", "KILL")
    controller.scale("web", 3)
    new = controller.cluster.desired.now.services["web"].revision
    again = await until(controller, "web-2", "Ready", attempt=2)
    added = await until(controller, "web-3", "Ready")
    assert (again.revision, added.revision) == (new, new)
    assert (row(controller, "web-1").id, row(controller, "web-1").revision) == (
        kept.id,
        kept.revision,
    )
    controller.scale("web", 1)
    await eventually_async(lambda: [one.name for one in rows(controller)] == ["web-1"])
    assert row(controller, "web-1").id == kept.id


@PROCESS_ONLY
async def test_a_pause_outlives_the_controller(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    before = {one.id for one in rows(controller)}
    controller.rollouts.pause("web")
    await rig.kill(controller)
    controller = await rig.controller()
    new = rig.service(replicas=2, env={"VERSION": "2"})
    apply(controller, new)
    await eventually_async(lambda: web(controller).status == "Ready")
    assert await is_quiet(controller, new)
    assert {one.id for one in rows(controller)} == before
    controller.rollouts.resume("web")
    await converged(controller, new)


async def test_one_replica_is_restarted_without_a_gap(rig: Rig) -> None:
    controller = await rig.controller()
    spec = rig.service(replicas=1)
    apply(controller, spec)
    await settle(controller)
    before = row(controller, "web-1")
    async with load(f"127.0.0.1:{rig.port}", method="POST") as traffic:
        controller.interventions.restart(Queries(controller).find("web-1"))
        again = await until(controller, "web-1", "Ready", attempt=2)
        await settle(controller)
    assert traffic.failures == []
    assert (again.revision, again.restarts) == (before.revision, 0)
    told = [one.message for one in controller.store.events(about="replica/web-1")]
    assert "web-1.1 is to be replaced: its restart was ordered" in told
    assert "stop web-1.1: its restart was ordered" in told
    await converged(controller, spec)
