"""Watches the engine: events for speed, a list every few seconds for truth.

An event only says that something may have happened. Losing all of them still converges at the
next list; a list that is older than what we know of a replica is not believed about it.
"""

import asyncio
from typing import Final

from orchestrator.engines.base import Engine
from orchestrator.model.errors import EngineError, EngineTimeoutError, EngineUnavailableError
from orchestrator.model.launch import EngineEvent, EngineReplica
from orchestrator.model.state import Exit, Phase, Replica
from orchestrator.runtime.cluster import Cluster

DEGRADED_RETRY_S: Final = 1.0
VANISHED: Final = "Vanished"


class Watcher:
    """Keeps the observed state true to the engine. `degraded` says why the engine does not
    answer, "" while it does: then nothing is decided."""

    def __init__(self, engine: Engine, cluster: Cluster, resync_s: float) -> None:
        self._engine = engine
        self._cluster = cluster
        self._resync_s = resync_s
        self._look = asyncio.Event()
        self.degraded = ""

    async def watch_events(self) -> None:
        """Follow the engine's events until cancelled."""
        async for event in self._engine.events():
            self._on_event(event)

    async def watch_list(self) -> None:
        """Look at everything every few seconds, and when an event asks for it, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(DEGRADED_RETRY_S if self.degraded else self._resync_s):
                    await self._look.wait()
            except TimeoutError:
                pass
            self._look.clear()
            await self.relist()

    async def relist(self) -> None:
        """Look once. An engine that does not answer makes us degraded, not wrong."""
        began = self._cluster.clock.monotonic()
        try:
            seen = await self._engine.list()
        except (EngineUnavailableError, EngineTimeoutError) as error:
            self._degrade(str(error))
        except EngineError as error:
            self._cluster.log.warning("EngineError", "project", str(error))
        else:
            self._recover()
            await self._believe(seen, began)

    def _degrade(self, why: str) -> None:
        if not self.degraded:
            self._cluster.log.warning("EngineUnavailable", "project", why)
        self.degraded = why

    def _recover(self) -> None:
        if self.degraded:
            self.degraded = ""
            self._cluster.log.normal("EngineAvailable", "project", "the engine answers again")
            self._cluster.touch_all()

    def _on_event(self, event: EngineEvent) -> None:
        if event.kind == "exited" and event.id is not None and event.exit is not None:
            known = self._cluster.observed.replicas.get(event.id)
            if known is not None and known.engine_id in (None, event.engine_id):
                self._cluster.exited(event.id, event.exit)
        elif event.kind != "started":
            self._look.set()

    async def _believe(self, seen: list[EngineReplica], began: float) -> None:
        for one in seen:
            await self._believe_one(one, began)
        listed = {one.id for one in seen}
        for known in list(self._cluster.observed.replicas.values()):
            if known.id not in listed and not self._stale(known, began):
                self._gone(known)

    def _stale(self, known: Replica, began: float) -> bool:
        return self._cluster.observed.changed_since(known.id, began)

    async def _believe_one(self, one: EngineReplica, began: float) -> None:
        known = self._cluster.observed.replicas.get(one.id)
        if one.running:
            if known is None or known.phase is not Phase.EXITED:
                self._cluster.runs(one)
        elif known is None:
            await self._found_dead(one)
        elif one.exit is not None and not self._stale(known, began):
            self._cluster.exited(one.id, one.exit)

    async def _found_dead(self, one: EngineReplica) -> None:
        if one.exit is not None:
            ordered = one.id in self._cluster.store.stopping()
            self._cluster.observed.found_exited(one, ordered=ordered)
        else:
            # Created by a controller that died before it could start it: its slot is still free.
            await self._engine.remove(one.engine_id)

    def _gone(self, known: Replica) -> None:
        if known.phase is Phase.EXITED:
            self._cluster.observed.forget(known.id)
        elif known.engine_id is not None:
            message = "it was removed behind our back"
            self._cluster.exited(known.id, Exit(reason=VANISHED, message=message))
