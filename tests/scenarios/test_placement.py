"""Nodes: too little room, cordoned, drained, gone."""

from orchestrator.model.spec import NodeSpec
from tests.support.http import load
from tests.support.rig import Rig, apply, converged, rebalanced, row, rows, settle, until
from tests.support.wait import eventually_async

HALF = {"requests": {"cpu": "500m", "memory": "8Mi"}}


def node(name: str, cpu: str = "1", zone: str = "a") -> NodeSpec:
    """A node with memory enough."""
    capacity = {"cpu": cpu, "memory": "1Gi"}
    return NodeSpec.model_validate({"name": name, "capacity": capacity, "zone": zone})


async def test_over_capacity_waits_with_a_reason_until_there_is_room(rig: Rig) -> None:
    """Fault 25."""
    controller = await rig.controller()
    job = rig.worker(replicas=3, resources=HALF)
    apply(controller, node("n1"), job)
    waiting = await until(controller, "job-3", "Pending")
    await until(controller, "job-2", "Ready")
    told = "0/1 nodes are available: 1 Insufficient cpu. It needs 500m more CPU on n1."
    assert waiting.reason == told
    assert (waiting.node, waiting.id) == (None, None)
    assert len(await controller.engine.list()) == 2
    apply(controller, node("n1"), node("n2"), job)
    assert (await until(controller, "job-3", "Ready")).node == "n2"
    await converged(controller, node("n1"), node("n2"), job)


async def test_room_that_comes_free_is_used(rig: Rig) -> None:
    controller = await rig.controller()
    apply(
        controller,
        node("n1"),
        rig.worker("old", replicas=2, resources=HALF),
        rig.worker("young", replicas=1, resources=HALF),
    )
    await until(controller, "young-1", "Pending")
    await until(controller, "old-2", "Ready")
    controller.scale("old", 1)
    await until(controller, "young-1", "Ready")
    await settle(controller)


async def test_a_cordoned_node_keeps_what_it_has_and_gets_no_more(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, node("n1"), rig.worker(replicas=1, resources=HALF))
    await settle(controller)
    controller.mark_node("n1", cordoned=True, draining=False, word="Cordoned")
    controller.scale("job", 2)
    waiting = await until(controller, "job-2", "Pending")
    assert waiting.reason == "0/1 nodes are available: 1 node(s) were unschedulable."
    assert row(controller, "job-1").status == "Ready"
    controller.mark_node("n1", cordoned=False, draining=False, word="Uncordoned")
    await until(controller, "job-2", "Ready")


async def test_a_drained_node_is_left_without_a_failed_request(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=2, resources=HALF)
    apply(controller, node("n1"), node("n2"), web)
    await settle(controller)
    assert {one.node for one in rows(controller)} == {"n1"}
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        controller.mark_node("n1", cordoned=True, draining=True, word="Draining")
        await eventually_async(lambda: {one.node for one in rows(controller)} == {"n2"})
        await settle(controller)
    assert traffic.failures == []
    await converged(controller, node("n1"), node("n2"), web)


async def test_a_drain_with_no_room_elsewhere_stops_and_says_why(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, node("n1"), rig.worker(replicas=2, resources=HALF))
    await settle(controller)
    controller.mark_node("n1", cordoned=True, draining=True, word="Draining")
    why = "0/1 nodes are available: 1 node(s) were unschedulable."
    await eventually_async(lambda: [one.reason for one in rows(controller)] == [why, why])
    assert {one.status for one in rows(controller)} == {"Pending"}
    controller.mark_node("n1", cordoned=False, draining=False, word="Uncordoned")
    await settle(controller)


async def test_what_ran_on_a_node_that_is_no_more_moves(rig: Rig) -> None:
    controller = await rig.controller()
    job = rig.worker(replicas=2, resources=HALF)
    apply(controller, node("n1"), job)
    await settle(controller)
    apply(controller, node("n2"), job, prune=True)
    await eventually_async(lambda: {one.node for one in rows(controller)} == {"n2"})
    await converged(controller, node("n2"), job)


async def test_a_rebalancing_frees_a_node_without_a_failed_request(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=2, resources=HALF, placement={"strategy": "spread"})
    apply(controller, node("n1"), node("n2"), web)
    await settle(controller)
    assert {one.node for one in rows(controller)} == {"n1", "n2"}
    fewest = 2

    def is_over() -> bool:
        nonlocal fewest
        fewest = min(fewest, len([one for one in rows(controller) if one.ready]))
        return not controller.mover.left

    async with load(f"127.0.0.1:{rig.port}") as traffic:
        plan = rebalanced(controller)
        assert [str(move) for move in plan.moves] == [
            "move web-1.1 from n1 to n2: frees n1 (1 of 1)"
        ]
        await eventually_async(is_over)
        await settle(controller)
    assert traffic.failures == []
    assert fewest == 2
    assert {one.node for one in rows(controller)} == {"n2"}
    await converged(controller, node("n1"), node("n2"), web)
