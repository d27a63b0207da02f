"""A service behind TLS, through the whole stack."""

import asyncio
import ssl
from typing import Any

from orchestrator.runtime.authority import Authority
from orchestrator.runtime.queries import Queries
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support.clock import JumpingClock
from tests.support.rig import Rig, apply, converged
from tests.support.wait import eventually_async

DAY_S = 86_400


class Caller:
    """A client that trusts nobody but the local authority."""

    def __init__(self, rig: Rig) -> None:
        self._port = rig.port
        self._trusted = Authority(rig.project.base).certificate_file

    async def serial(self) -> Any:
        """Of the certificate that a new connection is shown, once it was answered."""
        context = ssl.create_default_context(cafile=str(self._trusted))
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", self._port, ssl=context, server_hostname="web.localhost"
            )
            try:
                writer.write(b"GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n")
                assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
                return writer.get_extra_info("peercert")["serialNumber"]
            finally:
                writer.transport.abort()


@PROCESS_ONLY
async def test_a_certificate_is_renewed_while_the_service_goes_on(rig: Rig) -> None:
    clock = JumpingClock()
    clock.offset_s = -380 * DAY_S
    controller = await rig.controller(clock=clock)
    apply(controller, rig.service(replicas=1, proxy={"listen": rig.port, "tls": True}))
    await converged(controller)
    (view,) = Queries(controller).services()
    assert view.address == f"https://127.0.0.1:{rig.port}"
    caller = Caller(rig)
    first = await caller.serial()

    clock.offset_s = 0.0
    controller.publisher.request()

    async def renewed() -> bool:
        return bool(await caller.serial() != first)

    await eventually_async(renewed)


@PROCESS_ONLY
async def test_without_a_certificate_nothing_is_served_in_the_open(rig: Rig) -> None:
    """And the services beside it are none the worse for it."""
    (rig.project.base / ".tls").write_text("in the way")
    controller = await rig.controller()
    secure = rig.service("web", replicas=1, proxy={"listen": rig.port, "tls": True})
    apply(controller, secure)
    await eventually_async(
        lambda: any("local CA" in event.message for event in Queries(controller).events(0, 100, ""))
    )
    assert not controller.supervisor.addresses
    (rig.project.base / ".tls").unlink()
    await eventually_async(lambda: controller.supervisor.addresses)
    await converged(controller)
    assert await Caller(rig).serial()
