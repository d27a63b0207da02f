"""The ordinary course: up, balanced, scaled, deleted."""

from orchestrator.model.state import Phase
from tests.support.http import get
from tests.support.rig import Rig, apply, converged, portrait, rows, settle
from tests.support.wait import eventually_async


async def test_up_serves_every_replica_in_turn(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=3)
    apply(controller, web)
    await converged(controller, web)
    answers = [(await get(f"127.0.0.1:{rig.port}")).body for _ in range(6)]
    assert answers[:3] == answers[3:]
    assert sorted(answers[:3]) == ["web-1.1", "web-2.1", "web-3.1"]


async def test_scaling_up_adds_and_scaling_down_takes_the_last_away(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    first = {row.name: row.id for row in rows(controller)}
    controller.scale("web", 4)
    await settle(controller)
    assert first.items() <= {row.name: row.id for row in rows(controller)}.items()
    controller.scale("web", 1)
    await settle(controller)
    assert [(row.name, row.id) for row in rows(controller)] == [("web-1", first["web-1"])]
    await eventually_async(
        lambda: all(
            one.phase is not Phase.EXITED for one in controller.cluster.observed.replicas.values()
        ),
        what="what was scaled away is removed",
    )
    assert len(await controller.engine.list()) == 1


async def test_scaled_to_nothing_answers_503_at_once_where_nobody_may_wait(rig: Rig) -> None:
    """Fault 39."""
    controller = await rig.controller()
    proxy = {"listen": rig.port, "limits": {"queue": 0}}
    apply(controller, rig.service(replicas=1, proxy=proxy))
    await settle(controller)
    controller.scale("web", 0)
    await settle(controller)
    answer = await get(f"127.0.0.1:{rig.port}")
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a_deleted_service_leaves_nothing(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2), rig.worker(replicas=1))
    await settle(controller)
    controller.delete("web")

    async def gone() -> bool:
        return [one.id.service for one in await controller.engine.list()] == ["job"]

    await eventually_async(gone)
    await eventually_async(lambda: not controller.cluster.desired.deleting)
    assert [row.service for row in rows(controller)] == ["job"]


async def test_a_service_deleted_and_applied_again_at_once_is_there(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=2)
    apply(controller, web)
    await settle(controller)
    controller.delete("web")
    apply(controller, web)
    await converged(controller, web)


async def test_applying_the_same_again_writes_nothing(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=2)
    apply(controller, web)
    await converged(controller, web)
    before, serial = await portrait(controller), controller.cluster.desired.now.serial
    for _ in range(3):
        apply(controller, web)
    await converged(controller, web)
    assert await portrait(controller) == before
    assert controller.cluster.desired.now.serial == serial


async def test_replicas_know_their_place(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    for row in rows(controller):
        result = await controller.engine.exec(row.id or "", ["env"], 10)
        env = dict(
            line.split("=", 1) for line in result.stdout.decode().splitlines() if "=" in line
        )
        told = (env["ORCH_SERVICE"], env["ORCH_SLOT"], env["ORCH_ATTEMPT"], env["ORCH_NODE"])
        assert told == ("web", str(row.slot), "1", "local")
        assert env["ORCH_REVISION"] == row.revision
