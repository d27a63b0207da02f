"""Watches the engine: events for speed, a list every few seconds for truth.

An event only says that something may have happened. Losing all of them still converges at the
next list; a list that is older than what we know of a replica is not believed about it, and one
that contradicts what we know is believed when the next one says the same.
"""

import asyncio
from collections.abc import Collection
from typing import Final

from orchestrator.engines.base import Engine
from orchestrator.model.errors import EngineError
from orchestrator.model.launch import EngineEvent, EngineReplica
from orchestrator.model.state import Exit, Phase, Replica, ReplicaId
from orchestrator.runtime.cluster import Cluster

DEGRADED_RETRY_S: Final = 1.0
ENGINE_LAG_S: Final = 1.0
VANISHED: Final = "Vanished"


class Watcher:
    """Keeps the observed state true to the engine. `degraded` says why the engine does not
    answer, "" while it does: then nothing is decided."""

    def __init__(self, engine: Engine, cluster: Cluster, resync_s: float) -> None:
        self._engine = engine
        self._cluster = cluster
        self._resync_s = resync_s
        self._look = asyncio.Event()
        self._doubted: set[ReplicaId] = set()
        self.degraded = ""

    async def watch_events(self) -> None:
        """Follow the engine's events until cancelled."""
        async for event in self._engine.events():
            self._on_event(event)

    async def watch_list(self) -> None:
        """Look at everything every few seconds, and when an event asks for it, until cancelled."""
        while True:
            if not self.degraded:
                await self._asked(self._resync_s)
            if self.degraded:
                await self._asked(DEGRADED_RETRY_S)
            await self.relist()

    async def _asked(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._look.wait()
        except TimeoutError:
            pass
        self._look.clear()

    async def relist(self) -> None:
        """Look once. An engine that does not answer makes us degraded, not wrong."""
        began = self._cluster.clock.monotonic()
        try:
            seen = await self._engine.list()
        except EngineError as error:
            self.degrade(str(error))
        else:
            self._recover()
            await self._believe(seen, began)
            self._recall_deleted()
            self._cluster.agenda.add_short()

    def degrade(self, why: str) -> None:
        """The engine does not answer: decide nothing until it does."""
        if not self.degraded:
            self._cluster.log.warning("EngineUnavailable", "project", why)
            self._look.set()
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
                self._cluster.exited(event.id, event.exit, event.engine_id)
        elif event.kind == "removed" and event.id is not None:
            known = self._cluster.observed.replicas.get(event.id)
            if known is not None and known.phase is not Phase.EXITED:
                self._look.set()
        elif event.kind != "started":
            self._look.set()

    async def _believe(self, seen: list[EngineReplica], began: float) -> None:
        for one in seen:
            if self._is_news(one):
                await self._believe_one(one, began)
        listed = {one.id: one for one in seen}
        doubted = {
            known.id
            for known in self._cluster.observed.replicas.values()
            if self._contradicts(listed.get(known.id), known) and not self._stale(known.id, began)
        }
        for id_ in sorted(doubted & self._doubted):
            if id_ in listed:
                await self._end(listed[id_])
            else:
                message = "it was removed behind our back"
                self._cluster.exited(id_, Exit(reason=VANISHED, message=message))
        self._doubted = doubted - self._doubted
        if self._doubted:
            self._look.set()
        self._forget_unclaimed(listed.keys())

    def _forget_unclaimed(self, listed: Collection[ReplicaId]) -> None:
        """What ended of a service that nobody wants is decided on no more: once the engine has
        nothing of it either, its record goes."""
        for name in self._unclaimed():
            for known in self._cluster.observed.of_service(name):
                if known.phase is Phase.EXITED and known.id not in listed:
                    self._cluster.observed.forget(known.id)

    def _recall_deleted(self) -> None:
        """A replica that no list had shown when its service was deleted, or that was started late,
        goes after the others."""
        for name in self._unclaimed():
            if self._cluster.desired.recall(name):
                what = "a replica of it has turned up after its deletion"
                self._cluster.log.normal("Deleting", f"service/{name}", what)
                self._cluster.touch(name)

    def tell_unclaimed(self) -> None:
        """Say of which services replicas run that nobody declares."""
        for name in self._unclaimed():
            replicas = self._cluster.observed.of_service(name)
            if any(replica.phase is not Phase.EXITED for replica in replicas):
                self._cluster.log.warning(
                    "Unclaimed", f"service/{name}",
                    "its replicas run, but nothing says how many are wanted: they are left alone."
                    " Apply its manifest to take them over, or: orch down",
                )  # fmt: skip

    def _unclaimed(self) -> list[str]:
        """Services of which something is known, and that nobody wants or deletes."""
        return sorted(self._cluster.observed.services - self._cluster.managed)

    def _contradicts(self, one: EngineReplica | None, known: Replica) -> bool:
        """Whether what is over runs (an engine may say so a moment longer), or what runs is not
        there. What is over may well be gone: how it ended still counts."""
        if known.exited_at is not None:
            late = self._cluster.clock.monotonic() - known.exited_at > ENGINE_LAG_S
            return one is not None and one.running and late
        return one is None and known.engine_id is not None

    def _stale(self, id_: ReplicaId, began: float) -> bool:
        return self._cluster.observed.changed_since(id_, began)

    def _is_news(self, one: EngineReplica) -> bool:
        """Whether there could be something to learn from it. Mostly there is not."""
        known = self._cluster.observed.replicas.get(one.id)
        if known is None or not one.running or known.phase is Phase.STARTING:
            return True
        return (known.engine_id, known.endpoint) != (one.engine_id, one.endpoint)

    async def _believe_one(self, one: EngineReplica, began: float) -> None:
        known = self._cluster.observed.replicas.get(one.id)
        if self._stale(one.id, began):
            return
        if one.running:
            if known is None or known.phase is not Phase.EXITED:
                self._cluster.runs(one)
        elif known is None:
            await self._found_dead(one)
        elif one.exit is not None:
            self._cluster.exited(one.id, one.exit, one.engine_id)

    async def _end(self, one: EngineReplica) -> None:
        """It runs although its attempt is over: its start seemed to fail, or somebody started it
        again. Its slot has gone on without it."""
        self._cluster.log.warning("Orphaned", f"replica/{one.id.name}", f"{one.id} is removed")
        try:
            await self._engine.remove(one.engine_id)
        except EngineError as error:
            self._cluster.log.warning("EngineError", "project", str(error))

    async def _found_dead(self, one: EngineReplica) -> None:
        if one.exit is not None:
            ordered = one.id in self._cluster.store.stopping()
            self._cluster.observed.found_exited(one, ordered=ordered)
            # A newer attempt may have taken its place: then it is to be removed.
            self._cluster.touch(one.id.service)
        else:
            # Created by a controller that died before it could start it: its slot is still free.
            await self._engine.remove(one.engine_id)
