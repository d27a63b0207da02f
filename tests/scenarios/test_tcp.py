"""A service that is passed on byte for byte: the shipped example, through the whole stack."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from orchestrator import manifest
from orchestrator.model.sections import RestartSpec
from orchestrator.model.spec import ServiceSpec
from orchestrator.runtime.queries import Queries
from tests.scenarios.conftest import PROCESS_ONLY
from tests.support.rig import Rig, apply, converged, row, settle, until

EXAMPLE = Path(__file__).parents[2] / "manifests" / "examples" / "tcp.yaml"


class Line:
    """A connection to the service."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "Line":
        """A new one."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self) -> str:
        """The replica it is connected to. Raises `ConnectionError`."""
        self._writer.write(b"who?\n")
        async with asyncio.timeout(10):
            answer = (await self._reader.readline()).decode()
        name, _, said = answer.partition(": ")
        if said != "who?\n":
            raise ConnectionResetError(f"ended after {answer!r}")
        return name

    async def ask_until_it_ends(self) -> None:
        """Raises `ConnectionError` then."""
        while True:
            await self.ask()

    def close(self) -> None:
        """Let go of it."""
        self._writer.transport.abort()


async def new_connections(port: int, count: int) -> set[str]:
    """The replicas that so many connections, open at a time, get to."""
    with contextlib.ExitStack() as stack:
        lines = [await Line.open(port) for _ in range(count)]
        for line in lines:
            stack.callback(line.close)
        return {await line.ask() for line in lines}


def example(rig: Rig, **proxy: Any) -> ServiceSpec:
    """The service of the example, behind the rig's port."""
    (service,) = manifest.load([EXAMPLE]).services
    assert service.proxy is not None
    own = service.proxy.model_copy(update={"listen": rig.port, **proxy})
    env = {**service.env, "MARK": rig.project.name}
    return service.model_copy(update={"proxy": own, "env": env, "build": None})


@PROCESS_ONLY
async def test_new_connections_leave_a_dead_replica_out(rig: Rig) -> None:
    controller = await rig.controller()
    service = example(rig).model_copy(update={"restart": RestartSpec(policy="never")})
    apply(controller, service)
    await settle(controller)
    (view,) = Queries(controller).services()
    assert view.address == f"tcp://127.0.0.1:{rig.port}"
    both = {"lines-1", "lines-2"}
    assert await new_connections(rig.port, 4) == both
    kept = await Line.open(rig.port)
    try:
        stays = await kept.ask()
        (dies,) = both - {stays}
        await controller.engine.signal(row(controller, dies).id or "", "KILL")
        await until(controller, dies, "Failed")
        assert await new_connections(rig.port, 4) == {stays}
        assert await kept.ask() == stays
    finally:
        kept.close()


@PROCESS_ONLY
async def test_a_connection_dies_with_its_replica_and_the_next_is_served(rig: Rig) -> None:
    controller = await rig.controller()
    service = example(rig)
    apply(controller, service)
    await settle(controller)
    line = await Line.open(rig.port)
    try:
        name = await line.ask()
        await controller.engine.signal(row(controller, name).id or "", "KILL")
        with pytest.raises(ConnectionError):
            await line.ask_until_it_ends()
    finally:
        line.close()
    await until(controller, name, "Ready", attempt=2)
    await converged(controller, service)
    assert await new_connections(rig.port, 4) == {"lines-1", "lines-2"}
