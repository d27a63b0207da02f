"""What a client sees through the whole stack while replicas misbehave."""

import asyncio
import contextlib

from tests.support.http import get
from tests.support.rig import Rig, apply, row, settle, until
from tests.support.wait import eventually_async


async def test_none_ready_answers_503_with_retry_after(rig: Rig) -> None:
    """Fault 39."""
    controller = await rig.controller()
    apply(controller, rig.service(replicas=1))
    await settle(controller)
    await get(row(controller, "web-1").endpoint or "", "/set/readyz/503")
    await until(controller, "web-1", "Running")

    async def refused() -> bool:
        answer = await get(f"127.0.0.1:{rig.port}")
        return answer.status == 503 and int(answer.headers["retry-after"]) > 0

    await eventually_async(refused)


async def test_a_replica_that_hangs_is_504(rig: Rig) -> None:
    """Fault 33: in time, and the next request is answered."""
    controller = await rig.controller()
    proxy = {"listen": rig.port, "responseTimeout": "200ms"}
    apply(controller, rig.service(replicas=1, proxy=proxy))
    await settle(controller)
    assert (await get(f"127.0.0.1:{rig.port}", "/slow/3000")).status == 504
    assert (await get(f"127.0.0.1:{rig.port}")).status == 200


async def test_a_client_that_gives_up_leaves_nothing_in_flight(rig: Rig) -> None:
    """Fault 34."""
    controller = await rig.controller()
    apply(controller, rig.service(replicas=1))
    await settle(controller)
    asking = [asyncio.create_task(get(f"127.0.0.1:{rig.port}", "/slow/5000")) for _ in range(5)]

    async def in_flight() -> int:
        counters = (await controller.supervisor.stats())["endpoints"].get("web-1.1", {})
        return int(counters.get("in_flight", 0))

    async def all_in_flight() -> bool:
        return await in_flight() == 5

    async def none_in_flight() -> bool:
        return await in_flight() == 0

    await eventually_async(all_in_flight)
    for task in asking:
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*asking)
    await eventually_async(none_in_flight, timeout=3)
