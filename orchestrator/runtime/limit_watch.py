"""Looks now and then how close services and nodes are to their limits, and tells it beforehand."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
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
# A look costs some 10 µs for each replica: of many thousands it is taken less often.
PERIOD_PER_REPLICA_S: Final = 0.0005


_Used = tuple[Replica, Use]


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
        self._near: dict[str, tuple[str, ...]] = {}
        self._before: tuple[float, Mapping[str, Usage]] = (0.0, {})

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            replicas = len(self._cluster.observed.replicas)
            await asyncio.sleep(max(PERIOD_S, replicas * PERIOD_PER_REPLICA_S))
            await self.look()

    def near(self, object_: str) -> tuple[str, ...]:
        """Sentences on the limits that `service/web` or `node/node-1` is close to now."""
        return self._near.get(object_, ())

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
        uses = [(one, self._use(one, usage, now)) for one in replicas if one.engine_id in usage]
        self._before = (now, usage)
        loads = {load.key: load for load in self._loads(uses, stats["services"])}
        self._watches = {key: self._observe(load, now) for key, load in loads.items()}
        self._near = {}
        for key, load in loads.items():
            if self._watches[key].near:
                object_ = key.partition(" ")[0]
                self._near[object_] = (*self.near(object_), load.text)

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

    def _loads(self, uses: Sequence[_Used], counted: Mapping[str, Any]) -> Iterator[Load]:
        of_service, on_node = (
            defaultdict[str, list[_Used]](list),
            defaultdict[str, list[_Used]](list),
        )
        for one, use in uses:
            of_service[one.id.service].append((one, use))
            on_node[one.node].append((one, use))
        for name, service in self._cluster.desired.now.services.items():
            own = of_service[name]
            proxy = service.spec.proxy
            ready = sum(one.ready for one, _ in own)
            slots = proxy.limits.concurrency * ready * self._workers if proxy else 0
            in_flight = counted.get(name, {}).get("in_flight", 0)
            by_name = {one.id.name: use for one, use in own}
            yield from service_loads(service.spec, by_name, in_flight, slots)
        for name, node in self._cluster.desired.now.nodes.items():
            yield from node_loads(node.spec, {str(one.id): use for one, use in on_node[name]})

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
