"""A world without an engine: plans are carried out on it, replicas start, crash and end."""

from dataclasses import replace
from random import Random

from orchestrator.core.lifecycle import begun, exited, running, stopping
from orchestrator.core.reconcile import reconcile
from orchestrator.core.restart import after_exit
from orchestrator.model.plan import (
    Action,
    KillReplica,
    Plan,
    RemoveReplica,
    StartReplica,
    StopReplica,
)
from orchestrator.model.spec import Probes
from orchestrator.model.state import (
    NODE_LOST,
    Desired,
    Exit,
    Observed,
    Phase,
    Replica,
    ReplicaId,
    SlotHistory,
    SlotKey,
)


class World:
    """What is, and the means to change it. `crashing` is a revision that never gets ready."""

    def __init__(self, desired: Desired, observed: Observed | None = None) -> None:
        self.desired = desired
        self.now = 1.0
        self.crashing = ""
        observed = observed or Observed()
        self.replicas = {replica.id: replica for replica in observed.replicas}
        self.slots: dict[SlotKey, SlotHistory] = dict(observed.slots)
        self.attempts: set[ReplicaId] = set(self.replicas)

    @property
    def observed(self) -> Observed:
        return Observed(tuple(self.replicas.values()), dict(self.slots))

    def plan(self) -> Plan:
        return reconcile(self.desired, self.observed, self.now)

    def active(self, service: str) -> list[Replica]:
        return [one for one in self.replicas.values() if one.active and one.id.service == service]

    def serving(self, service: str) -> set[int]:
        return {one.id.slot for one in self.active(service) if one.ready}

    # -- acting ----------------------------------------------------------------------------

    def do(self, action: Action) -> None:
        match action:
            case StartReplica():
                self._start(action)
            case StopReplica():
                stopped = stopping(self.replicas[action.id])
                self.replicas[action.id] = replace(stopped, alive=not action.failed)
            case KillReplica():
                self._end(self.replicas[action.id], Exit(code=137, reason=NODE_LOST))
            case RemoveReplica():
                assert self.replicas[action.id].phase is Phase.EXITED
                del self.replicas[action.id]

    def _start(self, action: StartReplica) -> None:
        assert action.id not in self.attempts, "an attempt number was used twice"
        self.attempts.add(action.id)
        spec = self.desired.services[action.id.service].spec
        self.replicas[action.id] = begun(action, spec, self.now)
        history = self.slots.get(action.id.key, SlotHistory())
        self.slots[action.id.key] = replace(history, last_attempt=action.id.attempt)

    # -- what happens by itself --------------------------------------------------------------

    def advance(self, id_: ReplicaId) -> None:
        """One step in the life of a replica."""
        replica = self.replicas[id_]
        if replica.phase is Phase.STOPPING:
            self._end(replica, Exit(code=143, ordered=replica.alive))
        elif replica.active and replica.revision == self.crashing:
            self._end(replica, Exit(code=1))
        elif replica.phase is Phase.STARTING:
            self.replicas[id_] = running(replica, "c1", None, Probes(), self.now)
        elif replica.phase is Phase.RUNNING and not replica.ready:
            self.replicas[id_] = replace(replica, started=True, ready=True)

    def crash(self, id_: ReplicaId) -> None:
        """It ends by itself, if it can."""
        if self.replicas[id_].active:
            self._end(self.replicas[id_], Exit(code=1))

    def _end(self, replica: Replica, how: Exit) -> None:
        self.replicas[replica.id] = exited(replica, how, self.now)
        service = self.desired.services.get(replica.id.service)
        if service is not None:
            history = self.slots.get(replica.id.key, SlotHistory())
            self.slots[replica.id.key] = after_exit(
                history, how, 0.0, service.spec.restart, self.now, 0.0
            )

    def advance_some(self, random: Random) -> None:
        for id_ in list(self.replicas):
            if random.random() < 0.5:
                self.advance(id_)

    def settle(self) -> None:
        """Everything comes to rest."""
        for _ in range(2):
            for id_ in list(self.replicas):
                self.advance(id_)

    # -- to the end --------------------------------------------------------------------------

    def converge(self, random: Random | None = None, looks: int = 400) -> Plan:
        """Look and act until there is nothing to do; the last plan, which has no actions.

        With `random`, the controller dies between two actions and the world moves on as it likes.
        """
        for _ in range(looks):
            plan = self.plan()
            if self._at_rest and not plan.actions and plan.wake_at is None:
                return plan
            kept = len(plan.actions)
            for action in plan.actions[: kept if random is None else random.randint(0, kept)]:
                self.do(action)
            if random is None:
                self.settle()
            else:
                self.advance_some(random)
            self.now = max(self.now, plan.wake_at or 0.0)
        raise AssertionError(f"no rest after {looks} looks:\n{plan}")

    @property
    def _at_rest(self) -> bool:
        return all(
            replica.phase is Phase.EXITED or (replica.phase is Phase.RUNNING and replica.ready)
            for replica in self.replicas.values()
        )
