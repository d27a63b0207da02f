"""A replica's container, or its network, is taken away while it has requests in flight."""

import asyncio
import subprocess

import pytest

from orchestrator.runtime.controller import Controller
from tests.support.http import Answer, get
from tests.support.rig import Rig, apply, settle
from tests.support.wait import eventually_async

pytestmark = pytest.mark.parametrize(
    "rig", [pytest.param("docker", marks=pytest.mark.docker)], indirect=True
)
# Less than a slow answer, and than `responseTimeout` (60 s): who waits for those fails.
SOON_S = 20.0
SLOW = "/slow/40000"


def docker(*words: str) -> None:
    subprocess.run(["docker", *words], check=True, capture_output=True)


async def in_flight(controller: Controller, replica: str) -> int:
    endpoints = (await controller.supervisor.stats())["endpoints"]
    return int(endpoints.get(f"{replica}.1", {}).get("in_flight", 0))


async def asked(rig: Rig, controller: Controller) -> "list[asyncio.Task[Answer]]":
    """A request that may be repeated and one that may not, both at `web-1`; `web-2` is ready."""
    apply(controller, rig.service(replicas=1))
    await settle(controller)
    asking = [
        asyncio.create_task(get(f"127.0.0.1:{rig.port}", SLOW, SOON_S, method))
        for method in ("GET", "POST")
    ]

    async def there() -> bool:
        return await in_flight(controller, "web-1") == 2

    await eventually_async(there)
    controller.scale("web", 2)
    await settle(controller)
    return asking


def container(controller: Controller) -> str:
    first = min(controller.cluster.observed.of_service("web"), key=lambda one: one.id)
    return first.engine_id or ""


async def one_goes_on_and_one_is_refused(
    controller: Controller, asking: "list[asyncio.Task[Answer]]"
) -> None:
    repeated, once = asking
    assert (await once).status == 502

    async def elsewhere() -> bool:
        return await in_flight(controller, "web-2") == 1

    await eventually_async(elsewhere, SOON_S)
    assert not repeated.done()
    repeated.cancel()


async def test_a_container_that_is_removed(rig: Rig) -> None:
    controller = await rig.controller()
    asking = await asked(rig, controller)
    docker("rm", "--force", container(controller))
    await one_goes_on_and_one_is_refused(controller, asking)


async def test_a_container_that_loses_its_network(rig: Rig) -> None:
    """No end and no reset: the controller sees that it has no address any more."""
    controller = await rig.controller()
    asking = await asked(rig, controller)
    project = controller.project.name
    docker("network", "disconnect", "--force", f"orch-{project}", container(controller))
    await one_goes_on_and_one_is_refused(controller, asking)


async def test_a_container_that_is_removed_after_its_network(rig: Rig) -> None:
    """Its connections say nothing; the engine says that it is dead."""
    controller = await rig.controller()
    asking = await asked(rig, controller)
    first = container(controller)
    docker("network", "disconnect", "--force", f"orch-{controller.project.name}", first)
    docker("rm", "--force", first)
    await one_goes_on_and_one_is_refused(controller, asking)
