"""A proxy with real workers, and replicas behind it."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.snapshot import Endpoint, Listener, Snapshot
from orchestrator.runtime.proxy_supervisor import ProxySupervisor
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Behaviour, Replica, answer_with_name
from tests.support.ports import free_port


class Proxy:
    """One service behind a supervised worker."""

    def __init__(self, run_dir: Path, workers: int = 1) -> None:
        self.suspects: list[str] = []
        self.run_dir = run_dir
        self.supervisor = ProxySupervisor(
            run_dir, workers, on_suspect=lambda endpoint, _why: self.suspects.append(endpoint)
        )
        self.port = free_port()
        self.replicas: list[Replica] = []
        self.version = 0

    async def replica(self, name: str, behaviour: Behaviour = answer_with_name) -> Replica:
        """Start one more replica; it is routed from the next `route` on."""
        replica = Replica(name, behaviour)
        await replica.start()
        self.replicas.append(replica)
        return replica

    async def serve(self, behaviour: Behaviour, **options: Any) -> Replica:
        """One replica, routed."""
        replica = await self.replica("web-1", behaviour)
        await self.route(**options)
        return replica

    async def route(self, *replicas: Replica, **options: Any) -> None:
        """Route to these replicas, or to all."""
        await self.publish(*(replicas or self.replicas), **options)

    async def publish(self, *replicas: Replica, **options: Any) -> None:
        """Route to exactly these replicas."""
        self.version += 1
        await self.supervisor.publish(self.snapshot(*replicas, **options))

    def snapshot(self, *replicas: Replica, **options: Any) -> Snapshot:
        """The snapshot that routes to these replicas. `zones`, `weights`: by their names."""
        zones, weights = options.pop("zones", {}), options.pop("weights", {})
        endpoints = tuple(
            replace(endpoint(one), zone=zones.get(one.name, ""), weight=weights.get(one.name, 1))
            for one in replicas
        )
        listener = Listener("web", "127.0.0.1", self.port, endpoints)
        return Snapshot(self.version, (replace(listener, **options),))

    async def client(self) -> RawClient:
        """A connection to the proxy."""
        return await RawClient.connect(self.port)

    async def stop(self) -> None:
        """End everything."""
        await self.supervisor.stop()
        for replica in self.replicas:
            await replica.stop()


def endpoint(replica: Replica) -> Endpoint:
    """Where a replica answers."""
    return Endpoint(f"{replica.name}.1", "127.0.0.1", replica.port, name=replica.name)


def sockets(proxy: Proxy) -> int:
    """How many sockets the first worker has open."""
    open_files = Path(f"/proc/{proxy.supervisor.pids[0]}/fd").iterdir()
    with contextlib.suppress(FileNotFoundError):
        return sum(str(one.readlink()).startswith("socket:") for one in open_files)
    return -1  # One was closed meanwhile.


@pytest.fixture
async def proxy(state_dir: Path) -> AsyncIterator[Proxy]:
    """A running proxy without routes."""
    running = Proxy(state_dir / "run")
    await running.supervisor.start()
    try:
        yield running
    finally:
        await running.stop()
