"""Looks now and then how close services and nodes are to their limits, and tells it beforehand."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.core.nearing import (
    HOLD_S,
    Load,
    Use,
    Watch,
    node_loads,
    observe,
    service_loads,
)
from orchestrator.engines.base import Engine
from orchestrator.model.errors import EngineError
from orchestrator.model.launch import Usage
from orchestrator.model.state import Replica
from orchestrator.runtime.cluster import Cluster
from orchestrator.runtime.proxy_supervisor import ProxySupervisor

PERIOD_S: Final = 5.0


class LimitWatch:
    """One event when something has come close to a limit, one when it has left again."""

    def __init__(
        self, engine: Engine, cluster: Cluster, supervisor: ProxySupervisor, workers: int
    ) -> None:
        self._engine = engine
        self._cluster = cluster
        self._supervisor = supervisor
        self._workers = workers
        self._watches: dict[str, Watch] = {}
        self._texts: dict[str, str] = {}
        self._before: tuple[float, Mapping[str, Usage]] = (0.0, {})

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            await asyncio.sleep(PERIOD_S)
            await self.look()

    def near(self, object_: str) -> tuple[str, ...]:
        """Sentences on the limits that `service/web` or `node/node-1` is close to now."""
        return tuple(
            text
            for key, text in self._texts.items()
            if key.startswith(f"{object_} ") and self._watches[key].near
        )

    async def look(self) -> None:
        """Measure once. What cannot be measured now stays as it was."""
        known = self._cluster.observed.replicas.values()
        replicas = [one for one in known if one.active and one.engine_id]
        try:
            usage = await self._engine.stats([one.engine_id or "" for one in replicas])
        except EngineError:
            return
        stats = await self._supervisor.stats() if self._bounded() else {"services": {}}
        now = self._cluster.clock.monotonic()
        uses = {one: self._use(one, usage, now) for one in replicas if one.engine_id in usage}
        self._before = (now, usage)
        loads = {load.key: load for load in self._loads(uses, stats["services"])}
        self._texts = {key: load.text for key, load in loads.items()}
        self._watches = {key: self._observe(load, now) for key, load in loads.items()}

    def _bounded(self) -> bool:
        """Whether any service has a limit that only the proxy can count."""
        services = self._cluster.desired.now.services.values()
        return any(one.spec.proxy and one.spec.proxy.limits.concurrency for one in services)

    def _use(self, replica: Replica, usage: Mapping[str, Usage], now: float) -> Use:
        used = usage[replica.engine_id or ""]
        at, earlier = self._before
        before = earlier.get(replica.engine_id or "")
        if before is None or now <= at:
            return Use(None, used.memory_bytes)
        seconds = max(0.0, used.cpu_seconds - before.cpu_seconds)
        return Use(1000 * seconds / (now - at), used.memory_bytes)

    def _loads(self, uses: Mapping[Replica, Use], counted: Mapping[str, Any]) -> Iterator[Load]:
        for name, service in self._cluster.desired.now.services.items():
            own = {one.id.name: use for one, use in uses.items() if one.id.service == name}
            proxy = service.spec.proxy
            ready = sum(one.ready for one in uses if one.id.service == name)
            slots = proxy.limits.concurrency * ready * self._workers if proxy else 0
            in_flight = counted.get(name, {}).get("in_flight", 0)
            yield from service_loads(service.spec, own, in_flight, slots)
        for name, node in self._cluster.desired.now.nodes.items():
            here = {str(one.id): use for one, use in uses.items() if one.node == name}
            yield from node_loads(node.spec, here)

    def _observe(self, load: Load, now: float) -> Watch:
        before = self._watches.get(load.key, Watch())
        after = observe(before, load.share, now)
        object_ = load.key.partition(" ")[0]
        if after.near and not before.near:
            text = f"{load.text}, for {HOLD_S:.0f} s now"
            self._cluster.log.warning("NearLimit", object_, text)
        elif before.near and not after.near:
            self._cluster.log.normal("BelowLimit", object_, f"{load.text}: no more close to it")
        return after
