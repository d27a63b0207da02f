"""Two services on one port: the shipped example with the real sample app, through the stack."""

import sys
from pathlib import Path

from orchestrator import manifest
from orchestrator.model.spec import ServiceSpec
from orchestrator.runtime.queries import Queries
from tests.proxy.raw_client import RawClient, Response
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support.rig import Rig, apply, converged, settle

EXAMPLE = Path(__file__).parents[2] / "manifests" / "examples" / "shared-port.yaml"


def example(rig: Rig) -> list[ServiceSpec]:
    """The services of the example, on the rig's port."""
    return [
        service.model_copy(
            update={
                "proxy": service.proxy.model_copy(update={"listen": rig.port}),
                "env": {**service.env, "MARK": rig.project.name},
                "command": (sys.executable, "-m", "sample_app"),
                "build": None,
            }
        )
        for service in manifest.load([EXAMPLE]).services
        if service.proxy is not None
    ]


async def ask(client: RawClient, host: str, path: str) -> Response:
    await client.send(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return await client.response()


@PROCESS_ONLY
async def test_one_connection_is_served_by_both(rig: Rig) -> None:
    controller = await rig.controller()
    services = example(rig)
    apply(controller, *services)
    await settle(controller)
    shown = {view.name: view.address for view in Queries(controller).services()}
    assert shown == {
        "shop": f"http://shop.localhost:{rig.port}",
        "shop-api": f"http://shop.localhost:{rig.port}/api",
    }
    shop, api = {"shop-1", "shop-2"}, {"shop-api-1", "shop-api-2"}
    async with await RawClient.connect(rig.port) as client:
        host = f"shop.localhost:{rig.port}"
        assert {(await ask(client, host, "/")).header("x-replica") for _ in range(2)} == shop
        assert {(await ask(client, host, "/api")).header("x-replica") for _ in range(2)} == api
        assert (await ask(client, "eu." + host, "/api")).header("x-replica") in shop
        seen = await ask(client, host, "/api/headers")
        assert b'["x-forwarded-prefix", "/api"]' in seen.body
        assert (await ask(client, "127.0.0.1", "/")).status == 404
        controller.delete("shop-api")
        await settle(controller)
        assert (await ask(client, host, "/api")).header("x-replica") in shop
    await converged(controller, services[0])
