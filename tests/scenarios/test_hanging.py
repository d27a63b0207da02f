"""SIGSTOP: the grey failure. It is there, holds its connections, and answers nothing."""

import time

from orchestrator.runtime.controller import Controller
from orchestrator.runtime.queries import Queries
from tests.support.http import load
from tests.support.rig import Rig, apply, converged, row, settle, until
from tests.support.wait import eventually_async

PROBE = {"path": "/healthz", "period": "100ms", "timeout": "200ms"}
GRACE_S = 0.5


async def send(controller: Controller, name: str, signal: str) -> None:
    """As `orch kill -s` does it."""
    await controller.interventions.signal(Queries(controller).find(name), signal)


def told(controller: Controller, name: str) -> list[str]:
    """The events of a replica."""
    events = controller.store.events(about=f"replica/{name}")
    return [f"{one.reason}: {one.message}" for one in events]


async def test_a_replica_that_hangs_is_healed_though_it_hears_no_sigterm(rig: Rig) -> None:
    controller = await rig.controller()
    proxy = {"listen": rig.port, "drainTimeout": "200ms"}
    web = rig.service(
        replicas=2,
        probes={"readiness": PROBE, "liveness": PROBE},
        stopGracePeriod=f"{GRACE_S}s",
        proxy=proxy,
    )
    apply(controller, web)
    await settle(controller)
    await send(controller, "web-1", "STOP")
    await until(controller, "web-1", "Terminating")
    began = time.monotonic()
    again = await until(controller, "web-1", "Ready", attempt=2)
    assert time.monotonic() - began < 5
    assert again.last_exit == "LivenessFailed (137)", "SIGTERM was not heard: SIGKILL was needed"
    events = told(controller, "web-1")
    hang = "Signalled: web-1.1 is sent SIGSTOP by order: it hangs, and answers nothing until"
    order = [hang, "Unready: web-1.1 readiness", "Unhealthy: web-1.1 liveness", "LivenessFailed: "]
    places = [next(i for i, one in enumerate(events) if one.startswith(head)) for head in order]
    assert places == sorted(places)
    await converged(controller, web)


async def test_one_that_hangs_and_wakes_goes_on(rig: Rig) -> None:
    """Nothing asks whether it lives: it is only unrouted."""
    controller = await rig.controller()
    web = rig.service(replicas=2, probes={"readiness": PROBE})
    apply(controller, web)
    await settle(controller)
    before = row(controller, "web-1")
    await send(controller, "web-1", "STOP")
    await until(controller, "web-1", "Running")
    async with load(f"127.0.0.1:{rig.port}") as traffic:
        await eventually_async(lambda: traffic.total > 10)
    assert (traffic.failures, set(traffic.answers)) == ([], {"web-2.1"})
    await send(controller, "web-1", "CONT")
    awake = await until(controller, "web-1", "Ready")
    assert (awake.id, awake.attempt, awake.restarts) == (before.id, 1, 0)
    await converged(controller, web)


async def test_a_kill_is_told_of_before_its_death(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=1))
    await settle(controller)
    await send(controller, "web-1", "KILL")
    await until(controller, "web-1", "Ready", attempt=2)
    reasons = [one.partition(":")[0] for one in told(controller, "web-1")]
    assert reasons.index("Signalled") < reasons.index("Error")
