"""A service that comes close to its memory limit, and time for that to count."""

from typing import Any

from orchestrator.runtime.controller import Controller
from tests.support.clock import HandClock
from tests.support.rig import Rig, apply, rows, settle
from tests.support.wait import eventually_async

_MIB = 2**20
HOARDS = f"""
import signal
held = bytearray(60 * {_MIB})
held[::4096] = b"x" * (60 * {_MIB} // 4096)
print("full", flush=True)
signal.sigwait([15])
"""


async def come_near(rig: Rig, controller: Controller) -> None:
    """`hoard` uses nearly all of the memory it may use, and has done so for 20 s."""
    # What the same program counts as differs from engine to engine: the limit follows it.
    used = await _filled(rig, controller, {})
    await _filled(rig, controller, {"limits": {"memory": f"{round(used / 0.95 / _MIB)}Mi"}})
    await watch(controller, 20.0)


async def _filled(rig: Rig, controller: Controller, resources: dict[str, Any]) -> int:
    """Run it until its memory is full: bytes in use."""
    apply(controller, rig.worker("hoard", code=HOARDS, replicas=1, resources=resources))
    await settle(controller)

    async def full() -> int:
        (row,) = rows(controller, "hoard")
        here = [one for one in await controller.engine.list() if one.engine_id == row.id]
        said = [line.text for one in here async for line in controller.engine.logs(one)]
        usage = await controller.engine.stats([row.id or ""])
        return usage[row.id or ""].memory_bytes if said and row.id in usage else 0

    return await eventually_async(full)


async def watch(controller: Controller, seconds: float) -> None:
    """Its looks at all limits, as if they had taken so long."""
    clock, controller.cluster.clock = controller.cluster.clock, HandClock()
    try:
        for _ in range(int(seconds / 5.0)):
            controller.cluster.clock.pass_(5.0)
            await controller.limits.look()
    finally:
        controller.cluster.clock = clock
