"""What goes on right now: two looks at all counters, a moment apart."""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from orchestrator.core.traffic import traffic
from orchestrator.model.errors import EngineError
from orchestrator.model.launch import Usage
from orchestrator.model.views import (
    DurationsView,
    ReplicaStatsView,
    ReplicaView,
    ServiceStatsView,
    StatsView,
)
from orchestrator.runtime.controller import Controller
from orchestrator.runtime.queries import Queries

# A look that is older than so many windows says too little about now.
_STALE: Final = 3.0


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    services: Mapping[str, Any]
    endpoints: Mapping[str, Any]
    usage: Mapping[str, Usage]
    """By engine id."""


class Meter:
    """Rates of one controller's services. Nothing is measured while nobody asks."""

    def __init__(self, controller: Controller, queries: Queries) -> None:
        self._controller = controller
        self._queries = queries
        self._looks: deque[_Look] = deque(maxlen=32)

    async def stats(self, window_s: float, service: str = "") -> StatsView:
        """Rates over the last `window_s` seconds, of all services or one.

        Returns at once if it was asked that long ago, else waits until it has two looks that far
        apart. Raises `NotFoundError` for an unknown service.
        """
        if service:
            self._queries.service(service)
        before = await self._earlier(window_s)
        after = await self._look()
        names = [service] if service else [view.name for view in self._queries.services()]
        return StatsView(
            seconds=after.at - before.at,
            services=tuple(self._service(name, before, after) for name in names),
        )

    async def durations(self, service: str) -> DurationsView:
        """Of all its requests that are over. Raises `NotFoundError` for an unknown service."""
        self._queries.service(service)
        counted = (await self._controller.supervisor.stats())["services"].get(service, {})
        return DurationsView.model_validate(counted.get("durations", {}))

    async def _earlier(self, window_s: float) -> _Look:
        now = self._controller.cluster.clock.monotonic()
        recent = [look for look in self._looks if now - look.at <= _STALE * window_s]
        old_enough = [look for look in recent if now - look.at >= window_s]
        if old_enough:
            return old_enough[-1]
        base = recent[0] if recent else await self._look()
        await asyncio.sleep(window_s - (now - base.at))
        return base

    async def _look(self) -> _Look:
        stats = await self._controller.supervisor.stats()
        ids = [row.id for row in self._queries.replicas() if row.id]
        try:
            usage = await self._controller.engine.stats(ids)
        except EngineError:
            usage = {}  # Traffic is worth telling also while the engine does not answer.
        now = self._controller.cluster.clock.monotonic()
        look = _Look(now, stats["services"], stats["endpoints"], usage)
        self._looks.append(look)
        return look

    def _service(self, name: str, before: _Look, after: _Look) -> ServiceStatsView:
        replicas = tuple(
            _replica(row, before, after) for row in self._queries.replicas(name) if row.id
        )
        measured = [one for one in replicas if one.cpu_millicores is not None]
        memory = [one.memory_bytes for one in replicas if one.memory_bytes is not None]
        numbers = traffic(
            before.services.get(name, {}), after.services.get(name, {}), after.at - before.at
        )
        return ServiceStatsView(
            name=name,
            cpu_millicores=sum(one.cpu_millicores or 0 for one in measured) if measured else None,
            memory_bytes=sum(memory) if memory else None,
            replicas=replicas,
            **asdict(numbers),
        )


def _replica(row: ReplicaView, before: _Look, after: _Look) -> ReplicaStatsView:
    endpoint = f"{row.name}.{row.attempt}"
    seconds = after.at - before.at
    numbers = traffic(
        before.endpoints.get(endpoint, {}), after.endpoints.get(endpoint, {}), seconds
    )
    earlier, later = before.usage.get(row.id or ""), after.usage.get(row.id or "")
    cpu: int | None = None
    if earlier is not None and later is not None:
        cpu = max(0, round((later.cpu_seconds - earlier.cpu_seconds) / seconds * 1000))
    return ReplicaStatsView(
        name=row.name,
        attempt=row.attempt,
        status=row.status,
        cpu_millicores=cpu,
        memory_bytes=later.memory_bytes if later else None,
        **asdict(numbers),
    )
