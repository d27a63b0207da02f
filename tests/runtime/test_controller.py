"""The loop: what is due is decided on, whoever woke it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine
from orchestrator.model.errors import EngineError, OrchestratorError
from orchestrator.model.launch import EngineReplica
from orchestrator.model.plan import Plan
from orchestrator.model.state import ReplicaId, SlotHistory, SlotKey
from orchestrator.runtime.controller import Controller, Settings
from orchestrator.runtime.desired import Change
from orchestrator.runtime.project import Project
from tests.runtime.conftest import service
from tests.support.clock import HandClock
from tests.support.faulty import Passing
from tests.support.rig import QUICK, Rig


@pytest.fixture
async def controller(state_dir: Path, clock: HandClock) -> AsyncIterator[Controller]:
    """One whose loops do not run: the test takes their steps."""
    project = Project("loop", state_dir)
    project.create()
    engine = ProcessEngine("loop", project.folder, use_cgroups=False)
    one = Controller(project, engine, Settings(QUICK), clock)
    yield one
    await one.destroy()


async def test_a_backoff_that_ends_while_others_have_news_is_not_missed(
    controller: Controller, clock: HandClock
) -> None:
    """The loop was woken for `web` a moment before it would have woken for `job`."""
    controller.apply(Change((service("web", replicas=0), service("job", replicas=1))))
    due = clock.monotonic() + 10
    job = SlotKey("job", 1)
    controller.cluster.observed.slots[job] = SlotHistory(1, 1, 2, not_before=due)
    agenda = controller.cluster.agenda
    controller._decide({"job", "web"})
    assert agenda.next_alarm == due
    assert controller.cluster.observed.replicas == {}
    controller._decide({"web"})
    assert agenda.next_alarm == due
    agenda.take(0.0)
    controller.cluster.touch("web")
    clock.pass_(10.001)
    assert controller.cluster.take_touched() == {"job", "web"}
    controller._decide({"job", "web"})
    assert set(controller.cluster.observed.replicas) == {ReplicaId("job", 1, 2)}


async def test_a_backoff_of_a_service_that_is_gone_wakes_nobody(
    controller: Controller, clock: HandClock
) -> None:
    """Else the loop is woken for it again and again, without a pause."""
    agenda, due = controller.cluster.agenda, clock.monotonic() + 10
    agenda.looked_at({"gone"}, Plan(wakes={"gone": due}))
    assert (controller.cluster.take_touched(), agenda.next_alarm) == (set(), due)
    clock.pass_(10.0)
    assert (controller.cluster.take_touched(), agenda.next_alarm) == (set(), None)


async def test_pending_is_told_once_and_again_when_the_reason_changes(
    controller: Controller,
) -> None:
    huge = {"requests": {"cpu": "1000", "memory": "8Mi"}}
    controller.apply(Change((service("job", replicas=1, resources=huge),)))
    for _ in range(3):
        controller._decide({"job"})
    controller.mark_node("local", cordoned=True, draining=False, word="Cordoned")
    controller._decide({"job"})
    told = [one.message for one in controller.store.events() if one.reason == "FailedScheduling"]
    assert [one.partition(" It needs ")[0] for one in told] == [
        "0/1 nodes are available: 1 Insufficient cpu.",
        "0/1 nodes are available: 1 node(s) were unschedulable.",
    ]


class Refusing(Passing):
    """Its list fails: not away, but of no use."""

    async def list(self) -> list[EngineReplica]:
        """An error of the engine's own."""
        raise EngineError("internal server error")


async def test_who_cannot_see_what_runs_does_not_begin(state_dir: Path) -> None:
    """Else it would start everything a second time."""
    rig = Rig("process-plain", state_dir)
    with pytest.raises(OrchestratorError, match="internal server error"):
        await rig.controller(Refusing(rig.engine()), timing=replace(QUICK, resync_s=60.0))
    await rig.clear()
