"""The end of a project: its replicas leave in the same order as one alone."""

import asyncio

from tests.support.http import get
from tests.support.rig import Rig, apply, settle
from tests.support.wait import eventually_async


async def test_requests_in_flight_end_before_a_project_does(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    address = f"127.0.0.1:{rig.port}"
    slow = [asyncio.create_task(get(address, "/slow/600")) for _ in range(4)]

    async def all_in_flight() -> bool:
        endpoints = (await controller.supervisor.stats())["endpoints"].values()
        return bool(sum(counters.get("in_flight", 0) for counters in endpoints) == len(slow))

    await eventually_async(all_in_flight)
    await controller.destroy()
    assert [(await one).status for one in slow] == [200] * len(slow)
    assert not rig.leftovers()
