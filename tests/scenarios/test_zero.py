"""A service with 0 replicas: a request waits, the controller tells of it, a scale answers it."""

import asyncio
from typing import Any

from orchestrator.runtime.controller import Controller
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support.http import get
from tests.support.rig import Rig, apply, settle
from tests.support.wait import eventually_async


def patient(rig: Rig, **fields: Any) -> dict[str, Any]:
    """A service with 0 replicas whose requests wait as long as a test may take."""
    return {"replicas": 0, "proxy": proxy(rig, "60s"), **fields}


def proxy(rig: Rig, queue_timeout: str) -> dict[str, Any]:
    return {"listen": rig.port, "limits": {"queueTimeout": queue_timeout}}


def told(controller: Controller) -> list[str]:
    """What its events say of waiting requests."""
    events = controller.store.events(controller.events_before)
    return [f"{one.object} {one.message}" for one in events if one.reason == "RequestsWaiting"]


async def listening(controller: Controller, rig: Rig) -> None:
    """Wait until the proxy knows that the service is asleep."""
    asleep = {"web": frozenset[str]()}
    await eventually_async(lambda: controller.publisher._routed.items() >= asleep.items())


async def said(controller: Controller, times: int) -> None:
    """Wait until it has been told so often."""
    await eventually_async(lambda: len(told(controller)) == times)


async def test_a_request_waits_and_a_scale_answers_it(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(**patient(rig)))
    await listening(controller, rig)
    asking = asyncio.create_task(get(f"127.0.0.1:{rig.port}", timeout=60))
    await eventually_async(lambda: told(controller))
    assert told(controller) == [
        "service/web a request waits for web, which has 0 replicas: orch scale web=1"
    ]
    controller.scale("web", 1)
    assert (await asking).status == 200


async def test_scaled_to_0_and_back_requests_wait_again(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(**patient(rig, replicas=1)))
    await settle(controller)
    assert not told(controller)
    for times in (1, 2):
        controller.scale("web", 0)
        await settle(controller)
        asking = asyncio.create_task(get(f"127.0.0.1:{rig.port}", timeout=60))
        await said(controller, times)
        controller.scale("web", 1)
        assert (await asking).status == 200
        await settle(controller)


@PROCESS_ONLY
async def test_without_a_scale_it_is_a_503_in_time(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=0, proxy=proxy(rig, "300ms")))
    await listening(controller, rig)
    answer = await get(f"127.0.0.1:{rig.port}")
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


@PROCESS_ONLY
async def test_a_request_that_waits_outlives_the_controller(rig: Rig) -> None:
    """The next one hears of it again; one that was being woken goes on being waited for."""
    controller = await rig.controller()
    huge = {"requests": {"cpu": "1000", "memory": "8Mi"}}
    apply(controller, rig.service(**patient(rig, resources=huge)))
    await listening(controller, rig)
    asking = asyncio.create_task(get(f"127.0.0.1:{rig.port}", timeout=60))
    await eventually_async(lambda: told(controller))
    await rig.kill(controller)
    again = await rig.controller()
    await eventually_async(lambda: told(again))
    again.scale("web", 1)  # There is no room for it: still no replica.
    await rig.kill(again)
    last = await rig.controller()
    await listening(last, rig)
    assert not asking.done()
    assert not told(last)
    apply(last, rig.service(**patient(rig, replicas=1)))
    assert (await asking).status == 200
