"""The controller: observe, decide, act, again. Wires the parts of one project together.

The decision itself is `core.reconcile.reconcile`, a pure function; here are only the loop that
calls it and the commands that change what is wanted.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from orchestrator.core.reconcile import reconcile
from orchestrator.engines.base import Engine
from orchestrator.model.errors import OrchestratorError, StateError
from orchestrator.model.spec import ServiceSpec
from orchestrator.model.state import Phase, SlotKey
from orchestrator.model.timing import Timing
from orchestrator.runtime.authority import Authority
from orchestrator.runtime.certificates import Certificates
from orchestrator.runtime.clock import Clock, SystemClock
from orchestrator.runtime.cluster import Cluster
from orchestrator.runtime.demand import Demands
from orchestrator.runtime.desired import Change, DesiredState
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.executor import Executor
from orchestrator.runtime.images import Images
from orchestrator.runtime.interventions import Interventions
from orchestrator.runtime.limit_watch import LimitWatch
from orchestrator.runtime.mover import Mover
from orchestrator.runtime.outages import Outages
from orchestrator.runtime.project import Project
from orchestrator.runtime.proxy_supervisor import ProxySupervisor
from orchestrator.runtime.publisher import Publisher
from orchestrator.runtime.rollouts import Rollouts
from orchestrator.runtime.store import Store
from orchestrator.runtime.watcher import Watcher

FLUSH_S: Final = 0.5
# For the engine's own time to end and remove containers.
WIND_DOWN_MARGIN_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator chooses when starting a controller."""

    timing: Timing
    proxy_workers: int = 1


class Controller:
    """Runs one project on one engine. `start`, then commands at will, then `close` (replicas go
    on) or `destroy` (nothing is left)."""

    def __init__(
        self, project: Project, engine: Engine, settings: Settings, clock: Clock | None = None
    ) -> None:
        clock = clock or SystemClock()
        self.project = project
        self.engine = engine
        self.settings = settings
        self.store = Store(project.database, clock)
        self.events_before = self.store.last_event
        self.adopted = 0
        self.log = EventLog(self.store, clock)
        desired = DesiredState(self.store, settings.timing)
        self.cluster = Cluster(engine, self.store, desired, self.log, clock)
        self.demands = Demands(self.cluster)
        self.mover = Mover(self.cluster)
        self.outages = Outages(self.cluster)
        self.rollouts = Rollouts(self.cluster)
        self.interventions = Interventions(engine, self.cluster)
        self.supervisor = ProxySupervisor(
            project.run_dir, settings.proxy_workers, self._suspected, self.demands.heard
        )
        certificates = Certificates(Authority(project.base), project.certificates_dir)
        self.publisher = Publisher(self.supervisor, self.cluster, certificates)
        self.images = Images(engine, self.log)
        self.limits = LimitWatch(engine, self.cluster, self.supervisor, settings.proxy_workers)
        self.watcher = Watcher(engine, self.cluster, settings.timing.resync_s)
        self.executor = Executor(
            engine, self.cluster, self.publisher, self.images, self.watcher.degrade
        )
        self.pending: dict[SlotKey, str] = {}
        self._all_deleted = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._unwritten = False

    # -- life ------------------------------------------------------------------------------

    async def start(self) -> None:
        """Find what runs, take it over, and begin. Raises `EngineError`, `StateError`."""
        if self.store.trouble:
            self.log.warning("StateLost", "project", self.store.trouble)
        # A worker takes a tenth of a second to start: the engine is asked meanwhile.
        workers = asyncio.create_task(self.supervisor.start())
        try:
            await self._find()
        finally:
            await workers
        self.watcher.tell_unclaimed()
        self.publisher.hold_until_known(list(self.cluster.observed.replicas.values()))
        self.cluster.touch_all()
        watcher = self.watcher
        loops = (watcher.watch_events, watcher.watch_list, self.publisher.run, self._control)
        for loop in (*loops, self._flush, self.limits.run):
            self._tasks.append(asyncio.create_task(loop(), name=loop.__qualname__))

    async def _find(self) -> None:
        """See what runs already."""
        await self.engine.open()
        await self.watcher.relist()
        if self.watcher.degraded:
            raise OrchestratorError(self.watcher.degraded, remedy="see: orch doctor")
        known = self.cluster.observed.replicas.values()
        self.adopted = sum(replica.phase is not Phase.EXITED for replica in known)

    async def failed(self) -> None:
        """Return never, but raise what ended one of the loops: that would be a bug."""
        done, _ = await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def close(self) -> None:
        """Stop controlling. Replicas and proxy workers go on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.executor.close()
        await self.images.close()
        await self.cluster.prober.close()
        await self.supervisor.close()
        await self.engine.close()
        with contextlib.suppress(StateError):
            self.store.close()

    async def destroy(self, *, at_once: bool = False) -> None:
        """Have every replica leave in order, remove what is left of the project, then close.
        `at_once`: without the order, and without the wait."""
        if not at_once:
            await self._wind_down()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self.executor.close()
        await self.images.close()
        await self.cluster.prober.close()
        await self.supervisor.stop()
        shutil.rmtree(self.project.certificates_dir, ignore_errors=True)
        await self.engine.destroy()
        await self.close()

    def _suspected(self, endpoint: str, why: str) -> None:
        """Requests found a replica that does not answer: probe it now, not at its next turn."""
        for id_ in self.cluster.observed.replicas:
            if str(id_) == endpoint:
                self.log.warning("Suspect", f"replica/{id_.name}", f"{id_} {why}")
                self.cluster.prober.hurry(id_)

    async def _wind_down(self) -> None:
        """Every service goes as if deleted: unrouted, drained, SIGTERM. No longer than the longest
        of them was promised; the engine ends the rest."""
        services = list(self.cluster.desired.now.services.values())
        if not services or not self._tasks or self.watcher.degraded:
            return
        self._all_deleted.clear()
        longest_s = max((_leave_s(service.spec) for service in services), default=0.0)
        try:
            async with asyncio.timeout(longest_s + WIND_DOWN_MARGIN_S):
                for service in services:
                    self.delete(service.name)
                await self._all_deleted.wait()
        except (TimeoutError, StateError) as error:
            self.log.warning("Destroying", "project", f"what is left is killed: {error!r}")

    # -- commands --------------------------------------------------------------------------

    def apply(self, change: Change) -> None:
        """Want this. Raises `ConflictError`, `StateError`; then nothing has changed."""
        self.publisher.check_ports(self.cluster.desired.propose(change))
        nodes = self.cluster.desired.now.nodes
        changed = self.cluster.desired.apply(change)
        self._wanted_changed(changed)
        if self.cluster.desired.now.nodes is not nodes:
            self.cluster.touch_all()
        for name in sorted(changed):
            self.log.normal("Applied", f"service/{name}", "a new specification was applied")

    def scale(self, service: str, replicas: int) -> None:
        """Raises `NotFoundError`, `InvalidRequestError`."""
        self.cluster.desired.scale(service, replicas)
        self.log.normal("Scaled", f"service/{service}", f"scaled to {replicas} replicas")
        self._wanted_changed({service})

    def restart(self, service: str) -> None:
        """Replace all replicas, one after the other. Raises `NotFoundError`, `ConflictError`."""
        self.cluster.desired.restart(service)
        self.log.normal("Restarting", f"service/{service}", "a restart was ordered")
        self._wanted_changed({service})

    def delete(self, service: str) -> None:
        """Raises `NotFoundError`."""
        self.cluster.desired.delete(service)
        self.log.normal("Deleting", f"service/{service}", "its deletion was ordered")
        self._wanted_changed({service})

    def mark_node(self, node: str, *, cordoned: bool, draining: bool, word: str) -> None:
        """Cordon, uncordon or drain. Raises `NotFoundError`."""
        self.cluster.desired.mark_node(node, cordoned=cordoned, draining=draining)
        self.log.normal(word, f"node/{node}", f"the node is now {word.lower()}")
        self.cluster.touch_all()

    def _wanted_changed(self, services: Collection[str]) -> None:
        self.demands.review()
        self.cluster.probe_anew(services)
        self.cluster.agenda.add(services)

    # -- the loop --------------------------------------------------------------------------

    async def _control(self) -> None:
        """Decide whenever there is news or a backoff ends, until cancelled."""
        agenda = self.cluster.agenda
        while True:
            await self._due()
            self.publisher.request()
            if self.watcher.degraded:
                agenda.pause()
                continue
            if services := self.cluster.take_touched():
                self._decide(services)
            # Let a burst of news pile up: one decision for all of it.
            await asyncio.sleep(0)

    async def _due(self) -> None:
        """Wait for news or for an alarm."""
        agenda = self.cluster.agenda
        alarm = agenda.next_alarm
        delay_s = None if alarm is None else max(0.0, alarm - self.cluster.clock.monotonic())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await agenda.wake.wait()

    def _decide(self, services: set[str]) -> None:
        desired, observed = self.cluster.desired.now, self.cluster.observed
        now, room = self.cluster.clock.monotonic(), observed.room(desired.nodes)
        plan = reconcile(
            desired, observed.of(services), now, services, room, observed.replicas.values()
        )
        self.cluster.agenda.looked_at(services, plan)
        self._tell_pending(services, {one.key: one.reason for one in plan.pending})
        self.executor.submit(plan.actions)
        self.mover.look(self.pending)
        self._forget_deleted(services)

    def _tell_pending(self, services: set[str], pending: dict[SlotKey, str]) -> None:
        kept = {key: why for key, why in self.pending.items() if key.service not in services}
        for key, why in pending.items():
            if self.pending.get(key) != why:
                self.log.warning("FailedScheduling", f"replica/{key.name}", why)
        self.pending = kept | pending

    def _forget_deleted(self, services: set[str]) -> None:
        for name in sorted(services & self.cluster.desired.deleting):
            if not self.cluster.observed.of_service(name):
                try:
                    self.cluster.desired.forget(name)
                except StateError:
                    self._unwritten = True
                    return
                self.cluster.observed.forget_slots(name)
                self.log.normal("Deleted", f"service/{name}", "nothing of it is left")
        if not self.cluster.desired.deleting:
            self._all_deleted.set()

    async def _flush(self) -> None:
        """Write what is buffered, now and then; tell once when that fails. What the loop could
        not write is tried again too."""
        trouble = ""
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                self.store.flush()
            except StateError as error:
                if str(error) != trouble:
                    self.log.warning("StateError", "project", str(error))
                trouble = str(error)
            else:
                trouble = ""
            if self._unwritten:
                self._unwritten = False
                self.cluster.touch_all()


def _leave_s(spec: ServiceSpec) -> float:
    """Seconds a replica may take to leave: to end its requests, then itself."""
    drain_s = spec.proxy.drain_timeout_s if spec.proxy else None
    return (drain_s or 0.0) + (spec.stop_grace_period_s or 0.0)
