"""The observed state: its one writer. Phases only move forward, whatever order news comes in."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from orchestrator.core.health import ProbeState, observe
from orchestrator.core.restart import after_exit
from orchestrator.model.launch import EngineReplica
from orchestrator.model.plan import StartReplica, StopReplica
from orchestrator.model.spec import Probe, ServiceSpec
from orchestrator.model.state import (
    Exit,
    Observed,
    Phase,
    Replica,
    ReplicaId,
    SlotHistory,
    SlotKey,
)
from orchestrator.runtime.clock import Clock

LIVENESS_FAILED: Final = "LivenessFailed"


class ObservedState:
    """Every replica known, and what slots remember.

    `remember` is told each new slot history (None: forgotten).
    """

    def __init__(
        self,
        clock: Clock,
        slots: dict[SlotKey, SlotHistory],
        remember: Callable[[SlotKey, SlotHistory | None], None],
    ) -> None:
        self._clock = clock
        self._remember = remember
        self._stops: dict[ReplicaId, StopReplica] = {}
        self._probes: dict[tuple[ReplicaId, str], ProbeState] = {}
        self._changed_at: dict[ReplicaId, float] = {}
        self.replicas: dict[ReplicaId, Replica] = {}
        self.slots = slots

    def view(self) -> Observed:
        """A snapshot for decisions."""
        return Observed(tuple(self.replicas.values()), dict(self.slots))

    def changed_since(self, id_: ReplicaId, time: float) -> bool:
        """Whether news of the replica is younger than `time`: an older look at it is stale."""
        return self._changed_at.get(id_, 0.0) >= time

    def of_service(self, name: str) -> list[Replica]:
        """Its replicas, exited ones included."""
        return [replica for replica in self.replicas.values() if replica.id.service == name]

    # -- transitions -----------------------------------------------------------------------

    def start_ordered(self, action: StartReplica, spec: ServiceSpec) -> None:
        """From now on the replica holds its place and its resources."""
        history = self.slots.get(action.id.key, SlotHistory())
        self._write_slot(
            action.id.key,
            replace(history, last_attempt=max(history.last_attempt, action.id.attempt)),
        )
        self._put(
            Replica(
                id=action.id,
                node=action.node,
                revision=action.revision,
                phase=Phase.STARTING,
                cpu_millicores=spec.resources.request_cpu_millicores,
                memory_bytes=spec.resources.request_memory_bytes,
                created_at=self._clock.monotonic(),
            )
        )

    def runs(self, seen: EngineReplica, spec: ServiceSpec | None) -> bool:
        """The engine runs it, whether we started it or found it. False if that is no news."""
        known = self.replicas.get(seen.id)
        if known is None:
            self._put(self._adopted(seen))
            known = self.replicas[seen.id]
        elif known.engine_id is None:
            known = replace(known, engine_id=seen.engine_id, endpoint=seen.endpoint)
            self._put(known)
        elif seen.endpoint is not None and seen.endpoint != known.endpoint:
            self._put(replace(known, endpoint=seen.endpoint))
            return True
        if known.phase is not Phase.STARTING:
            return False
        started = spec is None or spec.probes.startup is None
        ready = started and (spec is None or spec.probes.readiness is None)
        self._put(self._with_ready(replace(known, phase=Phase.RUNNING, started=started), ready))
        return True

    def _adopted(self, seen: EngineReplica) -> Replica:
        age_s = max(0.0, self._clock.wall() - seen.started_wall) if seen.started_wall else 0.0
        history = self.slots.get(seen.id.key, SlotHistory())
        if history.last_attempt < seen.id.attempt:
            self._write_slot(seen.id.key, replace(history, last_attempt=seen.id.attempt))
        return Replica(
            id=seen.id,
            node=seen.node,
            revision=seen.revision,
            phase=Phase.STARTING,
            cpu_millicores=seen.cpu_request_millicores,
            memory_bytes=seen.memory_request_bytes,
            engine_id=seen.engine_id,
            endpoint=seen.endpoint,
            created_at=self._clock.monotonic() - age_s,
        )

    def stop_ordered(self, action: StopReplica) -> None:
        """Its end has been decided: it is routed to no more."""
        known = self.replicas.get(action.id)
        if known is not None and known.phase < Phase.STOPPING:
            self._stops[action.id] = action
            self._put(replace(known, phase=Phase.STOPPING, ready=False))

    def exited(self, id_: ReplicaId, how: Exit, spec: ServiceSpec | None) -> bool:
        """It runs no more. False if that is no news."""
        known = self.replicas.get(id_)
        if known is None or known.phase is Phase.EXITED:
            return False
        now = self._clock.monotonic()
        how = self._explained(id_, how)
        if spec is not None and not how.ordered:
            self._count_exit(known, how, spec, now)
        self._forget_health(id_)
        self._put(replace(known, phase=Phase.EXITED, ready=False, exit=how, exited_at=now))
        return True

    def found_exited(self, seen: EngineReplica, *, ordered: bool) -> None:
        """An attempt that had ended before we looked, by an earlier controller's order or not."""
        if seen.id not in self.replicas:
            self._put(self._adopted(seen))
            known = self.replicas[seen.id]
            now = self._clock.monotonic()
            how = replace(seen.exit or Exit(), ordered=ordered)
            self._put(replace(known, phase=Phase.EXITED, exit=how, exited_at=now))

    def _explained(self, id_: ReplicaId, how: Exit) -> Exit:
        stop = self._stops.pop(id_, None)
        if stop is None:
            return how
        if stop.failed:
            return replace(how, reason=LIVENESS_FAILED, message=stop.cause)
        return replace(how, ordered=True)

    def _count_exit(self, known: Replica, how: Exit, spec: ServiceSpec, now: float) -> None:
        healthy_s = now - known.ready_since if known.ready_since is not None else 0.0
        history = self.slots.get(known.id.key, SlotHistory(last_attempt=known.id.attempt))
        jitter = random.random()  # noqa: S311 - spreads restarts, guards nothing
        self._write_slot(
            known.id.key, after_exit(history, how, healthy_s, spec.restart, now, jitter)
        )

    def forget(self, id_: ReplicaId) -> None:
        """Nothing of the replica is left."""
        self.replicas.pop(id_, None)
        self._changed_at.pop(id_, None)
        self._stops.pop(id_, None)
        self._forget_health(id_)

    def forget_slots(self, service: str) -> None:
        """The service is gone, and with it what its slots remember."""
        for key in [key for key in self.slots if key.service == service]:
            del self.slots[key]
            self._remember(key, None)

    # -- health ----------------------------------------------------------------------------

    def probed(self, id_: ReplicaId, kind: str, probe: Probe, ok: bool) -> bool:
        """One probe's verdict. True if it changed what the replica is."""
        known = self.replicas.get(id_)
        if known is None or known.phase is not Phase.RUNNING:
            return False
        key = (id_, kind)
        state = observe(self._probes.get(key, ProbeState()), ok, probe)
        self._probes[key] = state
        if state.passed is None:
            return False
        after = self._judged(known, kind, state.passed)
        if after == known:
            return False
        self._put(after)
        return True

    def _judged(self, known: Replica, kind: str, passed: bool) -> Replica:
        if kind == "readiness":
            return self._with_ready(known, passed and known.started)
        if kind == "startup" and passed:
            return replace(known, started=True)
        return known if passed else replace(known, alive=False)

    def become_ready(self, id_: ReplicaId) -> bool:
        """It has started and has no readiness probe that could say otherwise."""
        known = self.replicas.get(id_)
        if known is None or known.phase is not Phase.RUNNING or known.ready:
            return False
        self._put(self._with_ready(known, ready=True))
        return True

    def _with_ready(self, known: Replica, ready: bool) -> Replica:
        if ready == known.ready:
            return known
        return replace(known, ready=ready, ready_since=self._clock.monotonic() if ready else None)

    def _forget_health(self, id_: ReplicaId) -> None:
        for key in [key for key in self._probes if key[0] == id_]:
            del self._probes[key]

    # -- writing ---------------------------------------------------------------------------

    def _put(self, replica: Replica) -> None:
        self.replicas[replica.id] = replica
        self._changed_at[replica.id] = self._clock.monotonic()

    def _write_slot(self, key: SlotKey, history: SlotHistory) -> None:
        self.slots[key] = history
        self._remember(key, history)
