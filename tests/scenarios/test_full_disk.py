"""Fault 19: the state cannot be written. What runs is kept running; what is new is refused."""

import contextlib
from collections.abc import Iterator

import pytest

from orchestrator.model.errors import StateError
from orchestrator.runtime.controller import Controller
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support.http import get
from tests.support.rig import Rig, apply, converged, row, rows, settle, until
from tests.support.wait import eventually_async

pytestmark = PROCESS_ONLY

PROBE = {"path": "/healthz", "period": "100ms"}


@contextlib.contextmanager
def unwritable(controller: Controller) -> Iterator[None]:
    """SQLite refuses every write, as on a file system that has become read-only."""
    controller.store._db.execute("PRAGMA query_only = ON")
    yield
    controller.store._db.execute("PRAGMA query_only = OFF")


async def test_orders_are_refused_and_change_nothing(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=2)
    apply(controller, web)
    await settle(controller)
    before = {one.id for one in rows(controller)}
    with unwritable(controller):
        with pytest.raises(StateError, match="cannot write the state"):
            controller.scale("web", 3)
        with pytest.raises(StateError):
            apply(controller, rig.service(replicas=2, env={"VERSION": "2"}))
        with pytest.raises(StateError):
            controller.delete("web")
    await converged(controller, web)
    assert {one.id for one in rows(controller)} == before


async def test_replicas_are_still_healed(rig: Rig) -> None:
    controller = await rig.controller()
    web = rig.service(replicas=2, probes={"readiness": PROBE, "liveness": PROBE})
    apply(controller, web)
    await settle(controller)
    with unwritable(controller):
        await controller.engine.signal(row(controller, "web-1").id or "", "KILL")
        await until(controller, "web-1", "Ready", attempt=2)
        await get(row(controller, "web-2").endpoint or "", "/set/healthz/500")
        await until(controller, "web-2", "Ready", attempt=2)
    await converged(controller, web)
    assert {one.reason for one in controller.store.events()} >= {"StateError"}


async def test_a_deletion_under_way_is_finished_later(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2), rig.worker(replicas=1))
    await settle(controller)
    controller.delete("web")
    with unwritable(controller):
        await eventually_async(lambda: not controller.cluster.observed.of_service("web"))
        await controller.engine.signal(row(controller, "job-1").id or "", "KILL")
        await until(controller, "job-1", "Ready", attempt=2)
    await eventually_async(lambda: not controller.cluster.desired.deleting)
    await settle(controller)
    told = [one for one in controller.store.events() if one.reason == "StateError"]
    assert len(told) < 5
