"""The observed state: its one writer. Phases only move forward, whatever order news comes in."""

import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import replace
from itertools import chain
from typing import Final, get_args

from orchestrator.core import lifecycle
from orchestrator.core.health import ProbeState, observe
from orchestrator.core.lifecycle import ProbeKind
from orchestrator.core.restart import after_exit
from orchestrator.core.scheduling import Cluster
from orchestrator.model.launch import EngineReplica
from orchestrator.model.plan import KillReplica, StartReplica, StopReplica
from orchestrator.model.spec import Probe, Probes, ServiceSpec
from orchestrator.model.state import (
    NODE_LOST,
    Exit,
    Node,
    Observed,
    Phase,
    Replica,
    ReplicaId,
    SlotHistory,
    SlotKey,
)
from orchestrator.runtime.clock import Clock
from orchestrator.runtime.room import Room

LIVENESS_FAILED: Final = "LivenessFailed"
# No call to an engine takes longer.
LONGEST_LOOK_S: Final = 60.0


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
        self._stops: dict[ReplicaId, StopReplica | KillReplica] = {}
        self._probes: dict[tuple[ReplicaId, ProbeKind], ProbeState] = {}
        self._changed_at: dict[ReplicaId, float] = {}
        self._gone: deque[tuple[float, ReplicaId]] = deque()
        self._by_service: dict[str, dict[ReplicaId, Replica]] = {}
        self._room = Room()
        self._changed: set[str] = set()
        self.replicas: dict[ReplicaId, Replica] = {}
        self.slots = slots
        self._numbers: dict[str, set[int]] = {}
        for key in slots:
            self._numbers.setdefault(key.service, set()).add(key.slot)

    def view(self) -> Observed:
        """A snapshot of everything."""
        return Observed(tuple(self.replicas.values()), dict(self.slots))

    def of(self, services: Iterable[str]) -> Observed:
        """What a decision on these services has to know besides `room`, until the next change."""
        found = (self._by_service.get(name, {}).values() for name in services)
        return Observed(tuple(chain.from_iterable(found)), self.slots)

    def room(self, nodes: Mapping[str, Node]) -> Cluster:
        """The nodes with what every replica holds on them. To be left as it is."""
        return self._room.on(nodes, self.replicas.values())

    def take_changed(self) -> set[str]:
        """The services of which a replica came, changed or went since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def changed_since(self, id_: ReplicaId, time: float) -> bool:
        """Whether news of the replica is younger than `time`: an older look at it is stale."""
        return self._changed_at.get(id_, 0.0) >= time

    @property
    def services(self) -> Set[str]:
        """Those of which any replica is known."""
        return self._by_service.keys()

    def of_service(self, name: str) -> list[Replica]:
        """Its replicas, exited ones included."""
        return list(self._by_service.get(name, {}).values())

    def slots_of(self, service: str) -> dict[SlotKey, SlotHistory]:
        """What its slots remember."""
        keys = (SlotKey(service, number) for number in self._numbers.get(service, ()))
        return {key: self.slots[key] for key in keys}

    # -- transitions -----------------------------------------------------------------------

    def start_ordered(self, action: StartReplica, spec: ServiceSpec) -> None:
        """From now on the replica holds its place and its resources."""
        key = action.id.key
        history = self.slots.get(key, SlotHistory())
        # What an older revision did wrong is not held against a new one.
        if history.failures and not self._same_revision(action):
            history = replace(history, failures=0)
        last_attempt = max(history.last_attempt, action.id.attempt)
        self._write_slot(key, replace(history, last_attempt=last_attempt))
        self._put(lifecycle.begun(action, spec, self._clock.monotonic()))

    def _same_revision(self, action: StartReplica) -> bool:
        before = [
            one for one in self.of_service(action.id.service) if one.id.slot == action.id.slot
        ]
        newest = max(before, key=lambda one: one.id.attempt, default=None)
        return newest is None or newest.revision == action.revision

    def runs(self, seen: EngineReplica, spec: ServiceSpec | None) -> bool:
        """The engine runs it, whether we started it or found it. False if that is no news."""
        known = self.replicas.get(seen.id) or self._adopted(seen, spec)
        if known.phase is Phase.STARTING:
            probes = spec.probes if spec else Probes()
            now = self._clock.monotonic()
            # An attempt that a killed controller had begun may be on another node than this one's.
            if known.node != seen.node:
                known = replace(known, node=seen.node)
            self._put(lifecycle.running(known, seen.engine_id, seen.endpoint, probes, now))
            return True
        if (known.engine_id, known.endpoint) == (seen.engine_id, seen.endpoint):
            return False
        # No address any more: it was cut off its network, and nothing reaches it.
        self._put(replace(known, engine_id=seen.engine_id, endpoint=seen.endpoint))
        return known.phase is Phase.RUNNING and seen.endpoint != known.endpoint

    def _adopted(self, seen: EngineReplica, spec: ServiceSpec | None = None) -> Replica:
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
            extended=spec.resources.requests.extended if spec else (),
            engine_id=seen.engine_id,
            endpoint=seen.endpoint,
            created_at=self._clock.monotonic() - age_s,
        )

    def stop_ordered(self, action: StopReplica) -> None:
        """Its end has been decided: it is routed to no more."""
        known = self.replicas.get(action.id)
        if known is not None and known.phase < Phase.STOPPING:
            self._stops[action.id] = action
            self._put(lifecycle.stopping(known))

    def kill_ordered(self, action: KillReplica) -> None:
        """It goes with its node, whatever its end was to be."""
        known = self.replicas.get(action.id)
        if known is None or known.phase is Phase.EXITED:
            return
        self._stops[action.id] = action
        if known.active:
            self._put(lifecycle.stopping(known))

    def exited(
        self, id_: ReplicaId, how: Exit, spec: ServiceSpec | None, engine_id: str = ""
    ) -> bool:
        """It runs no more. False if that is no news. News of its end may come before the start
        has returned: then `engine_id` is what its output is found by."""
        known = self.replicas.get(id_)
        if known is None:
            return False
        if known.engine_id is None and engine_id:
            known = replace(known, engine_id=engine_id)
            self._put(known)
        if known.phase is Phase.EXITED:
            return False
        now = self._clock.monotonic()
        how = self._explained(id_, how)
        if spec is not None and not how.ordered:
            self._count_exit(known, how, spec, now)
        self._forget_health(id_)
        self._put(lifecycle.exited(known, how, now))
        return True

    def found_exited(self, seen: EngineReplica, *, ordered: bool) -> None:
        """An attempt that had ended before we looked, by an earlier controller's order or not."""
        if seen.id not in self.replicas:
            how = replace(seen.exit or Exit(), ordered=ordered)
            now = self._clock.monotonic()
            self._put(lifecycle.exited(self._adopted(seen), how, now))

    def _explained(self, id_: ReplicaId, how: Exit) -> Exit:
        stop = self._stops.pop(id_, None)
        if stop is None:
            return how
        if isinstance(stop, KillReplica):
            return replace(how, oom_killed=False, reason=NODE_LOST, message=stop.cause)
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
        """Nothing of the replica is left. A look that began earlier does not bring it back."""
        if (known := self.replicas.pop(id_, None)) is not None:
            self._room.changed(known, None)
            self._changed.add(id_.service)
            self._leave_service(id_)
        self._stops.pop(id_, None)
        self._forget_health(id_)
        now = self._changed_at[id_] = self._clock.monotonic()
        self._gone.append((now, id_))
        self._forget_gone(now - LONGEST_LOOK_S)

    def _leave_service(self, id_: ReplicaId) -> None:
        siblings = self._by_service[id_.service]
        del siblings[id_]
        if not siblings:
            del self._by_service[id_.service]

    def _forget_gone(self, before: float) -> None:
        while self._gone and self._gone[0][0] < before:
            time, id_ = self._gone.popleft()
            if self._changed_at.get(id_) == time:
                del self._changed_at[id_]

    def forget_slots(self, service: str) -> None:
        """The service is gone, and with it what its slots remember."""
        for key in self.slots_of(service):
            del self.slots[key]
            self._remember(key, None)
        self._numbers.pop(service, None)

    # -- health ----------------------------------------------------------------------------

    def probed(
        self, id_: ReplicaId, kind: ProbeKind, probe: Probe, probes: Probes, ok: bool
    ) -> bool:
        """One result of a probe. True if it changed what the replica is."""
        known = self.replicas.get(id_)
        if known is None or known.phase is not Phase.RUNNING:
            return False
        state = observe(self._probes.get((id_, kind), ProbeState()), ok, probe)
        self._probes[id_, kind] = state
        if state.passed is None:
            return False
        after = lifecycle.probed(known, kind, state.passed, probes, self._clock.monotonic())
        if after == known:
            return False
        self._put(after)
        return True

    def reprobed(self, id_: ReplicaId, probes: Probes) -> None:
        """A running replica's probes may be others now."""
        after = lifecycle.reprobed(self.replicas[id_], probes, self._clock.monotonic())
        if after != self.replicas[id_]:
            self._put(after)

    def _forget_health(self, id_: ReplicaId) -> None:
        for kind in get_args(ProbeKind):
            self._probes.pop((id_, kind), None)

    # -- writing ---------------------------------------------------------------------------

    def _put(self, replica: Replica) -> None:
        self._room.changed(self.replicas.get(replica.id), replica)
        self._changed.add(replica.id.service)
        self.replicas[replica.id] = replica
        self._by_service.setdefault(replica.id.service, {})[replica.id] = replica
        self._changed_at[replica.id] = self._clock.monotonic()

    def _write_slot(self, key: SlotKey, history: SlotHistory) -> None:
        self.slots[key] = history
        self._numbers.setdefault(key.service, set()).add(key.slot)
        self._remember(key, history)
