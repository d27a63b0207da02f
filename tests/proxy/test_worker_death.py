"""Fault 45: a worker is killed under load. Its open connections fail, and nothing else does."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import echo
from tests.support.wait import eventually_async

KEPT = 12
NEW = 8
ENOUGH = 20


@dataclass
class Ledger:
    """What one client asked for and got."""

    client: RawClient | None = None
    """Its connection, if it has one already."""
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    """What happened to the requests that got no answer."""

    async def ask(self, client: RawClient) -> None:
        """One request, of its own number."""
        path = f"/{id(self)}/{self.answered}"
        answer = await client.get(path)
        assert answer.status == 200, answer
        assert answer.body.startswith(f"GET {path} ".encode())
        self.answered += 1


class Load:
    """Clients that ask without a pause; every request and its answer are counted."""

    def __init__(self, proxy_port: int) -> None:
        self.proxy_port = proxy_port
        self.kept: list[Ledger] = []
        self.new = [Ledger() for _ in range(NEW)]
        self.stopped = False

    async def connect(self, count: int) -> list[Ledger]:
        """So many more clients, each with a connection that a worker has accepted."""
        more = []
        for _ in range(count):
            client = await RawClient.connect(self.proxy_port)
            more.append(Ledger(client))
            await more[-1].ask(client)
        self.kept += more
        return more

    async def _keep(self, ledger: Ledger) -> None:
        """One connection; a new one only when it fails."""
        while not self.stopped:
            await self._talk(ledger, lambda: self.stopped)

    async def _renew(self, ledger: Ledger) -> None:
        """A connection for each request."""
        while not self.stopped:
            await self._talk(ledger, lambda: True)

    async def _talk(self, ledger: Ledger, is_over: Callable[[], bool]) -> None:
        try:
            async with ledger.client or await RawClient.connect(self.proxy_port) as client:
                ledger.client = None
                await ledger.ask(client)
                while not is_over():
                    await ledger.ask(client)
        except (OSError, EOFError) as error:
            ledger.failed.append(type(error).__name__)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Load"]:
        """Until the end of the block."""
        async with asyncio.TaskGroup() as group:
            for one in self.kept:
                group.create_task(self._keep(one))
            for one in self.new:
                group.create_task(self._renew(one))
            try:
                yield self
            finally:
                self.stopped = True

    async def goes_on(self) -> None:
        """Wait for many more answers to each client."""
        before = [(one, one.answered) for one in (*self.kept, *self.new)]
        await eventually_async(
            lambda: all(one.answered >= was + ENOUGH for one, was in before), timeout=20
        )


async def test_only_its_open_connections_fail(state_dir: Path) -> None:
    proxy = Proxy(state_dir / "run", workers=2)
    await proxy.supervisor.start()
    try:
        for name in ("web-1", "web-2"):
            await proxy.replica(name, echo)
        await proxy.route()
        dying, other = proxy.supervisor.pids
        load = Load(proxy.port)
        with stopped(other):
            hit = await load.connect(KEPT)
        with stopped(dying):
            spared = await load.connect(KEPT)
        async with load.running():
            await load.goes_on()
            os.kill(dying, signal.SIGKILL)
            await load.goes_on()
        assert [one.failed for one in spared] == [[]] * KEPT
        assert [len(one.failed) for one in hit] == [1] * KEPT
        # Of those that connect anew each has one connection open, to either worker.
        assert all(len(one.failed) <= 1 for one in load.new)
        errors = {error for one in (*hit, *load.new) for error in one.failed}
        assert errors <= {"ConnectionResetError", "IncompleteReadError"}
        await eventually_async(lambda: dying not in proxy.supervisor.pids, what="it is replaced")
        assert other in proxy.supervisor.pids
    finally:
        await proxy.stop()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that takes nothing on for the time of the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
