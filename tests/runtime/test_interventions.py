"""Orders about single replicas: what they are refused for, and for how long they count."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine
from orchestrator.model.errors import ConflictError, NotFoundError
from orchestrator.model.plan import StopReplica
from orchestrator.model.state import Exit, Replica, ReplicaId
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.desired import Change
from orchestrator.runtime.project import Project
from tests.runtime.conftest import service
from tests.support.rig import QUICK

WEB_1 = ReplicaId("web", 1, 1)
WEB_2 = ReplicaId("web", 2, 1)


@pytest.fixture
async def controller(state_dir: Path) -> AsyncIterator[Controller]:
    """Two replicas have been decided on; nothing has been carried out yet, and no loop runs."""
    project = Project("orders", state_dir)
    project.create()
    one = Controller(project, ProcessEngine("orders", project.folder), Settings(QUICK))
    one.apply(Change((service(replicas=2),)))
    one._decide({"web"})
    yield one
    await one.destroy()


def replica(controller: Controller, id_: ReplicaId) -> Replica:
    """What is known of it."""
    return controller.cluster.observed.replicas[id_]


async def test_what_does_not_run_yet_is_sent_no_signal(controller: Controller) -> None:
    with pytest.raises(NotFoundError, match=r"web-1\.1 does not run yet"):
        await controller.interventions.signal(replica(controller, WEB_1), "STOP")
    assert "Signalled" not in {event.reason for event in controller.store.events()}


async def test_what_leaves_is_not_restarted(controller: Controller) -> None:
    controller.cluster.observed.stop_ordered(StopReplica(WEB_1, "a test"))
    with pytest.raises(ConflictError, match=r"web-1\.1 is being stopped already"):
        controller.interventions.restart(replica(controller, WEB_1))
    assert controller.cluster.desired.now.restarts == frozenset()


async def test_what_nobody_wants_is_not_restarted(controller: Controller) -> None:
    controller.cluster.desired.delete("web")
    with pytest.raises(NotFoundError, match="no service is named 'web'"):
        controller.interventions.restart(replica(controller, WEB_1))


async def test_an_order_is_forgotten_with_its_replica(controller: Controller) -> None:
    """They would pile up otherwise."""
    orders, cluster = controller.interventions, controller.cluster
    orders.restart(replica(controller, WEB_1))
    orders.restart(replica(controller, WEB_2))
    assert cluster.desired.now.restarts == {WEB_1, WEB_2}
    cluster.desired.scale("web", 3)
    assert cluster.desired.now.restarts == {WEB_1, WEB_2}, "other changes leave it"
    cluster.exited(WEB_1, Exit(code=0, ordered=True))
    orders.restart(replica(controller, WEB_2))
    assert cluster.desired.now.restarts == {WEB_2}
