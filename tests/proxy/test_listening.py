"""The listening socket of a worker, on the loop that it has there."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
import uvloop

from orchestrator.model.snapshot import Listener, Snapshot
from orchestrator.proxy import listening
from orchestrator.proxy.listening import PlainServer
from orchestrator.proxy.plane import DataPlane
from orchestrator.runtime.proxy_supervisor import open_listener
from tests.proxy.conftest import endpoint
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Replica
from tests.support.ports import free_port
from tests.support.wait import eventually_async


def run(scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario)


async def answers(port: int) -> bool:
    try:
        async with await RawClient.connect(port) as client, asyncio.timeout(0.2):
            return (await client.get()).status == 200
    except (OSError, EOFError):  # TimeoutError is an OSError.
        return False


def test_a_server_that_an_error_of_accept_ended_is_begun_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """uvloop closes it, and nobody is told."""
    monkeypatch.setattr(listening, "WATCH_S", 0.05)

    async def scenario() -> None:
        replica = Replica("web-1")
        await replica.start()
        listener = Listener("web", "127.0.0.1", free_port(), (endpoint(replica),))
        plane = DataPlane(lambda message: None)
        plane.add_socket(listener.address, open_listener(listener))
        plane.apply(Snapshot(1, (listener,)))
        await eventually_async(lambda: answers(listener.port))
        (acceptor,) = plane._acceptors.values()
        server = acceptor._way
        assert isinstance(server, PlainServer)
        assert server._server is not None
        server._server.close()
        assert server._listening is not None
        assert server._listening.fileno() == -1
        await eventually_async(lambda: answers(listener.port))
        await plane.drain(1.0)
        await replica.stop()

    run(scenario())


def test_without_a_descriptor_it_begins_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "WATCH_S", 0.05)

    async def scenario() -> None:
        replica = Replica("web-1")
        await replica.start()
        listener = Listener("web", "127.0.0.1", free_port(), (endpoint(replica),))
        sock = open_listener(listener)
        server = PlainServer(_Scarce(sock), asyncio.Protocol)  # type: ignore[arg-type]
        assert server._listening is None
        await eventually_async(lambda: server._server)
        async with await RawClient.connect(listener.port):
            pass
        server.close()
        sock.close()
        await replica.stop()

    run(scenario())


class _Scarce:
    """A socket that has a duplicate at the second time only."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._asked = 0

    def dup(self) -> Any:
        self._asked += 1
        if self._asked == 1:
            raise OSError(24, "Too many open files")
        return self._sock.dup()
