"""What cannot be: refused in words, and nothing has changed."""

import socket
from collections.abc import Callable
from functools import partial

import pytest

from orchestrator.model.errors import ConflictError, NotFoundError, PortInUseError
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support.http import get
from tests.support.ports import free_port, is_free
from tests.support.rig import Rig, apply, converged, rows, settle
from tests.support.wait import eventually_async

pytestmark = PROCESS_ONLY


async def test_a_taken_listen_port_is_refused_and_named(rig: Rig) -> None:
    """Fault 17."""
    controller = await rig.controller()
    old = rig.service("old", replicas=1)
    apply(controller, old)
    await settle(controller)
    serial = controller.cluster.desired.now.serial
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=rf"{port}: the port is in use by .*pid"):
            apply(controller, rig.service("new", proxy={"listen": port}))
    assert controller.cluster.desired.now.serial == serial
    assert {one.service for one in rows(controller)} == {"old"}
    await converged(controller, old)


async def test_two_services_on_one_port_are_refused(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service("one", replicas=1))
    with pytest.raises(ConflictError, match="'one' and 'two' both listen on port"):
        apply(controller, rig.service("two", replicas=1))
    with pytest.raises(ConflictError):
        apply(controller, rig.service("two"), rig.service("three"), prune=True)
    assert set(controller.cluster.desired.now.services) == {"one"}
    await settle(controller)


async def test_what_is_not_there_cannot_be_changed(rig: Rig) -> None:
    controller = await rig.controller()
    commands: list[Callable[[], None]] = [
        partial(controller.scale, "nobody", 2),
        partial(controller.restart, "nobody"),
        partial(controller.delete, "nobody"),
        partial(controller.mark_node, "nowhere", cordoned=True, draining=False, word="Cordoned"),
    ]
    for command in commands:
        with pytest.raises(NotFoundError, match=r"no (service|node) is named"):
            command()
    assert controller.cluster.desired.now.serial == 0


async def test_a_listener_may_move_and_frees_its_port(rig: Rig) -> None:
    controller = await rig.controller()
    apply(controller, rig.service(replicas=1))
    await settle(controller)
    moved = free_port()
    apply(controller, rig.service(replicas=1, proxy={"listen": moved}))
    await converged(controller, rig.service(replicas=1, proxy={"listen": moved}))

    async def answers() -> bool:
        return (await get(f"127.0.0.1:{moved}")).status == 200

    await eventually_async(answers)
    await eventually_async(lambda: is_free(rig.port))
