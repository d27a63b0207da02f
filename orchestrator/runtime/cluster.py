"""The cluster in memory: what is wanted and what is.

News from the engine, the probes and the executor come in here; each is written to the observed
state, told to the event log, and puts its service on the agenda, which wakes the control loop.
"""

from collections.abc import Iterable
from itertools import chain

from orchestrator.core.lifecycle import ProbeKind
from orchestrator.engines.base import Engine
from orchestrator.model.launch import EngineReplica
from orchestrator.model.spec import Probe, Probes, ServiceSpec
from orchestrator.model.state import Exit, Phase, Replica, ReplicaId
from orchestrator.runtime.agenda import Agenda
from orchestrator.runtime.clock import Clock
from orchestrator.runtime.desired import DesiredState
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.observed import ObservedState
from orchestrator.runtime.prober import Prober
from orchestrator.runtime.store import Store


class Cluster:
    """One project's state and the agenda of its control loop."""

    def __init__(
        self, engine: Engine, store: Store, desired: DesiredState, log: EventLog, clock: Clock
    ) -> None:
        self.store = store
        self.desired = desired
        self.log = log
        self.clock = clock
        self.observed = ObservedState(clock, store.slots(), store.remember_slot)
        self.prober = Prober(engine, clock, self.probed)
        self.agenda = Agenda()

    def spec(self, service: str) -> ServiceSpec | None:
        """The service's spec, None if it is not wanted."""
        wanted = self.desired.now.services.get(service)
        return wanted.spec if wanted else None

    # -- the agenda ------------------------------------------------------------------------

    def touch(self, service: str) -> None:
        """Look at this service again."""
        self.agenda.add((service,))

    def touch_all(self) -> None:
        """Look at everything again."""
        self.agenda.add(self.managed)

    def take_touched(self) -> set[str]:
        """The services to look at now."""
        return set(filter(self.manages, self.agenda.take(self.clock.monotonic())))

    def manages(self, service: str) -> bool:
        """Whether it is wanted, or being deleted. A service that nobody declared is not ours to
        decide on: its replicas are left alone."""
        return service in self.desired.now.services or service in self.desired.deleting

    @property
    def managed(self) -> set[str]:
        """All services that are ours to decide on."""
        return self.desired.now.services.keys() | self.desired.deleting

    # -- news from the engine --------------------------------------------------------------

    def runs(self, seen: EngineReplica) -> None:
        """A replica runs."""
        spec = self.spec(seen.id.service)
        if not self.observed.runs(seen, spec):
            return
        self._say(self.observed.replicas[seen.id], "Started", f"runs on {seen.node}")
        self._watch(self.observed.replicas[seen.id])
        self.touch(seen.id.service)

    def exited(self, id_: ReplicaId, how: Exit, engine_id: str = "") -> None:
        """A replica runs no more."""
        if not self.observed.exited(id_, how, self.spec(id_.service), engine_id):
            return
        self.prober.forget(id_)
        replica = self.observed.replicas[id_]
        how = replica.exit or how
        about = f"replica/{id_.name}"
        if how.ordered:
            self.log.normal("Stopped", about, f"{id_} stopped")
        elif how.succeeded:
            self.log.normal("Completed", about, f"{id_} exited with code 0")
        else:
            self.log.warning(how.word, about, f"{id_} {_ending(how)}")
        self.agenda.add_short()
        self.touch(id_.service)

    # -- news from the probes --------------------------------------------------------------

    def probed(self, id_: ReplicaId, kind: ProbeKind, probe: Probe, failure: str) -> None:
        """A probe passed ("") or failed."""
        before = self.observed.replicas.get(id_)
        spec = self.spec(id_.service)
        if before is None or spec is None:
            return
        if not self.observed.probed(id_, kind, probe, spec.probes, not failure):
            return
        if kind == "startup" and not failure:
            self.prober.started(id_)
        self._tell_health(before, self.observed.replicas[id_], kind, failure)
        self.touch(id_.service)

    def _tell_health(self, before: Replica, after: Replica, kind: str, failure: str) -> None:
        if not before.ready and after.ready:
            age_s = self.clock.monotonic() - after.created_at
            self._say(after, "Ready", f"ready {age_s:.2f} s after it was created")
        elif before.ready and not after.ready:
            self._warn(after, "Unready", f"{kind} probe failed: {failure}")
        elif before.alive and not after.alive:
            self._warn(after, "Unhealthy", f"{kind} probe failed: {failure}")

    def probe_anew(self, services: Iterable[str]) -> None:
        """Probe what runs of these by their present specs."""
        for replica in chain.from_iterable(map(self.observed.of_service, services)):
            if replica.phase is Phase.RUNNING:
                self._reprobe(replica)
                self._watch(replica)

    def _reprobe(self, replica: Replica) -> None:
        if spec := self.spec(replica.id.service):
            self.observed.reprobed(replica.id, spec.probes)
            self._tell_health(replica, self.observed.replicas[replica.id], "readiness", "")

    def _watch(self, replica: Replica) -> None:
        spec = self.spec(replica.id.service)
        probes = spec.probes if spec else Probes()
        id_, engine_id, started = replica.id, replica.engine_id, replica.started
        if engine_id is not None and replica.phase is Phase.RUNNING:
            self.prober.watch(id_, engine_id, replica.endpoint, probes, started=started)

    def _say(self, replica: Replica, reason: str, message: str) -> None:
        self.log.normal(reason, f"replica/{replica.id.name}", f"{replica.id} {message}")

    def _warn(self, replica: Replica, reason: str, message: str) -> None:
        self.log.warning(reason, f"replica/{replica.id.name}", f"{replica.id} {message}")


def _ending(how: Exit) -> str:
    code = "" if how.code is None else f" with code {how.code}"
    message = f": {how.message}" if how.message else ""
    return f"exited{code} ({how.word}){message}"
