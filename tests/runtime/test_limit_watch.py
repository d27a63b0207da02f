"""A real replica that comes close to its limit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.runtime.controller import Controller
from orchestrator.runtime.queries import Queries
from tests.support.hoard import HOARDS, come_near, watch
from tests.support.rig import Rig, apply, settle


@pytest.fixture
async def rig(state_dir: Path) -> AsyncIterator[Rig]:
    one = Rig("process-plain", state_dir)
    yield one
    await one.clear()


def told(controller: Controller) -> list[tuple[str, str, str]]:
    return [
        (one.reason, one.object, one.message)
        for one in controller.store.events()
        if one.reason in ("NearLimit", "BelowLimit")
    ]


async def test_it_is_told_once_an_episode(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.worker("calm", replicas=1))
    await come_near(rig, controller)
    await watch(controller, 20.0)
    ((reason, about, message),) = told(controller)
    assert (reason, about) == ("NearLimit", "service/hoard")
    assert "% of its memory limit (" in message
    (near,) = Queries(controller).service("hoard").near
    assert near.endswith("Mi in hoard-1)")
    assert Queries(controller).service("calm").near == ()


async def test_without_the_limit_nothing_is_close_to_it(rig: Rig) -> None:
    controller = await rig.controller()
    await come_near(rig, controller)
    apply(controller, rig.worker("hoard", code=HOARDS, replicas=1))
    await settle(controller)
    await watch(controller, 5.0)
    assert Queries(controller).service("hoard").near == ()
