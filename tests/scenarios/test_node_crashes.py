"""A node loses power: what ran on it comes back elsewhere, and nobody is to blame."""

from orchestrator.model.spec import NodeSpec
from orchestrator.runtime.controller import Controller
from orchestrator.runtime.queries import Queries
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support import app
from tests.support.http import get
from tests.support.rig import Rig, apply, converged, row, rows, settle, until
from tests.support.wait import eventually_async

HALF = {"requests": {"cpu": "500m", "memory": "8Mi"}}
SPREAD = {"strategy": "spread"}


def node(name: str) -> NodeSpec:
    """Room for two replicas of a `HALF` each."""
    return NodeSpec.model_validate({"name": name, "capacity": {"cpu": "1", "memory": "1Gi"}})


def told(controller: Controller, about: str) -> list[str]:
    """Its events."""
    found = controller.store.events(about=about)
    return [f"{event.reason}: {event.message}" for event in found]


def status(controller: Controller, name: str) -> str:
    """What `orch nodes` shows."""
    return Queries(controller).node(name).status


def places(controller: Controller) -> list[str | None]:
    """Where each replica is, None for those that wait."""
    return sorted((one.node for one in rows(controller)), key=str)


async def crash(controller: Controller, *names: str) -> None:
    """Crash them, and wait until nothing is left on them."""
    assert controller.outages.crash(names) == list(names)
    await eventually_async(lambda: not set(names) & set(places(controller)))


async def test_all_that_ran_on_it_is_killed_and_comes_back_at_once(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=3, resources=HALF, placement=SPREAD)
    nodes = [node("n1"), node("n2"), node("n3")]
    apply(controller, *nodes, web)
    await settle(controller)
    assert places(controller) == ["n1", "n2", "n3"]
    (lost,) = [one.name for one in rows(controller) if one.node == "n2"]
    await crash(controller, "n2")
    await settle(controller)
    assert status(controller, "n2") == "NotReady"
    again = row(controller, lost)
    assert (again.attempt, again.restarts, again.last_exit) == (2, 0, "NodeLost (137)")
    assert told(controller, "node/n2") == ["NodeNotReady: the node crashed with 1 replica on it"]
    events = told(controller, f"replica/{lost}")
    assert f"NodeLost: {lost}.1 exited with code 137 (NodeLost): node n2 crashed" in events
    assert any(f"replacing {lost}.1: node n2 crashed" in event for event in events)
    answers = {(await get(f"127.0.0.1:{rig.port}")).body for _ in range(6)}
    assert answers == {f"{one.name}.{one.attempt}" for one in rows(controller)}
    await converged(controller, *nodes, web)


async def test_it_is_a_power_cut_and_no_stop(rig: Rig) -> None:
    """No SIGTERM, which this program would heed: its engine has seen it killed."""
    controller = await rig.controller()
    apply(controller, node("n1"), rig.worker(replicas=2, code=app.WAITS))
    await settle(controller)
    await crash(controller, "n1")

    async def codes() -> bool:
        ended = [one.exit for one in await controller.engine.list() if not one.running]
        return [how and how.code for how in ended] == [137, 137]

    await eventually_async(codes)


async def test_without_room_it_waits_until_a_node_is_up_again(rig: Rig) -> None:
    controller = await rig.controller()
    nodes, job = [node("n1"), node("n2")], rig.worker(replicas=4, resources=HALF)
    apply(controller, *nodes, job)
    await settle(controller)
    await crash(controller, "n2")
    waiting = next(one for one in rows(controller) if one.node is None)
    waiting = await until(controller, waiting.name, "Pending")
    assert waiting.reason.startswith("0/2 nodes are available: 1 Insufficient cpu, 1 node is down.")
    assert controller.outages.recover(["n2"]) == ["n2"]
    await settle(controller)
    assert places(controller) == ["n1", "n1", "n2", "n2"]
    assert told(controller, "node/n2")[-1] == "NodeReady: the node is up again, and empty"
    assert {one.restarts for one in rows(controller)} == {0}
    await converged(controller, *nodes, job)


@PROCESS_ONLY
async def test_nothing_is_moved_back_to_a_node_that_is_up_again(rig: Rig) -> None:
    controller = await rig.controller()
    nodes, job = [node("n1"), node("n2")], rig.worker(replicas=2, placement=SPREAD)
    apply(controller, *nodes, job)
    await settle(controller)
    await crash(controller, "n2")
    await settle(controller)
    controller.outages.recover(["n2"])
    await converged(controller, *nodes, job)
    assert places(controller) == ["n1", "n1"]


@PROCESS_ONLY
async def test_several_go_with_one_stroke(rig: Rig) -> None:
    """Nothing is started on the second for the sake of the first."""
    controller = await rig.controller()
    nodes, job = [node("n1"), node("n2"), node("n3")], rig.worker(replicas=2, resources=HALF)
    apply(controller, *nodes, job)
    await settle(controller)
    await crash(controller, "n1", "n2")
    await settle(controller)
    assert [(one.node, one.attempt) for one in rows(controller)] == [("n3", 2), ("n3", 2)]


@PROCESS_ONLY
async def test_crashing_it_again_and_recovering_what_is_up_are_no_news(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, node("n1"), node("n2"))
    assert controller.outages.recover(["n1"]) == []
    assert controller.outages.crash(["n1", "n1"]) == ["n1"]
    serial = controller.log.serial
    assert controller.outages.crash(["n1"]) == []
    assert controller.log.serial == serial
    assert controller.outages.crash(["n1", "n2"]) == ["n2"]


@PROCESS_ONLY
async def test_it_stays_down_when_the_controller_is_killed_in_the_same_moment(rig: Rig) -> None:
    """What the first had no time to kill, the next one does."""
    first = await rig.controller()
    nodes, job = [node("n1"), node("n2")], rig.worker(replicas=2, resources=HALF)
    apply(first, *nodes, job)
    await settle(first)
    assert places(first) == ["n1", "n1"]
    first.outages.crash(["n1"])
    await rig.kill(first)
    second = await rig.controller()
    await eventually_async(lambda: places(second) == ["n2", "n2"])
    await settle(second)
    assert status(second, "n1") == "NotReady"
    assert [one.restarts for one in rows(second)] == [0, 0]
    await converged(second, *nodes, job)


@PROCESS_ONLY
async def test_a_job_that_is_to_run_once_runs_again_and_one_that_is_done_does_not(
    rig: Rig,
) -> None:
    controller = await rig.controller()
    never = {"policy": "never"}
    nodes = [node("n1"), node("n2").model_copy(update={"labels": {"other": "1"}})]
    done = rig.worker("done", code=app.COMPLETES, replicas=1, restart=never)
    apply(controller, node("n1"), done, rig.worker(replicas=1, restart=never))
    await until(controller, "done-1", "Completed")
    await until(controller, "job-1", "Ready")
    apply(controller, *nodes)
    controller.outages.crash(["n1"])
    await until(controller, "job-1", "Ready", attempt=2)
    assert (row(controller, "done-1").status, row(controller, "done-1").attempt) == ("Completed", 1)


@PROCESS_ONLY
async def test_a_draining_node_may_crash_too(rig: Rig) -> None:
    """What was leaving in peace goes at once, deaf to SIGTERM as it is."""
    controller = await rig.controller()
    apply(controller, node("n1"), node("n2"), rig.service(replicas=1, stopGracePeriod="1h"))
    await settle(controller)
    (where,) = places(controller)
    assert where is not None
    # The second request is answered by a program that is deaf already.
    for path in ("/deaf", "/"):
        await get(row(controller, "web-1").endpoint or "", path)
    controller.mark_node(where, cordoned=True, draining=True, word="Draining")
    await until(controller, "web-1", "Ready", attempt=2)
    assert status(controller, where) == "Draining"
    controller.outages.crash([where])
    await eventually_async(lambda: status(controller, where) == "NotReady,Drained")
    await settle(controller)
