"""Where things go from here if nothing fails: the same decisions, carried out on paper.

Each start succeeds and becomes ready, each stop ends. The clock stands still, so a slot that is
backing off stays empty.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from orchestrator.core.lifecycle import begun, exited, probed, running, stopping
from orchestrator.core.reconcile import reconcile
from orchestrator.model.plan import (
    Action,
    KillReplica,
    Plan,
    RemoveReplica,
    StartReplica,
    StopReplica,
)
from orchestrator.model.spec import Probes
from orchestrator.model.state import NODE_LOST, Desired, Exit, Observed, Phase, Replica, SlotHistory


@dataclass(frozen=True, slots=True)
class Forecast:
    """The state at rest, and the plan there: without actions, its pending slots found no node."""

    observed: Observed
    plan: Plan


def forecast(
    desired: Desired, observed: Observed, now: float, services: Collection[str] | None = None
) -> Forecast:
    """The state in which reconciliation, of all services or of those named, has nothing to do."""
    paper = Paper(desired, observed, now)
    looked_at = services
    while True:
        plan = reconcile(desired, paper.observed, now, looked_at)
        if plan.actions:
            paper.carry_out(plan)
            # The others are at rest, unless room came free for them: the last look is at all.
            looked_at = _named(plan)
        elif looked_at is not services:
            looked_at = services
        else:
            return Forecast(paper.observed, plan)


def _named(plan: Plan) -> set[str]:
    acted_on = {action.id.service for action in plan.actions}
    return acted_on | {one.key.service for one in plan.pending}


class Paper:
    """A copy of the observed state on which plans are carried out without any engine."""

    def __init__(self, desired: Desired, observed: Observed, now: float) -> None:
        self._desired = desired
        self._now = now
        self._replicas = {replica.id: replica for replica in observed.replicas}
        self._slots = dict(observed.slots)
        self.settle()

    @property
    def observed(self) -> Observed:
        """The state reached."""
        return Observed(tuple(self._replicas.values()), dict(self._slots))

    def carry_out(self, plan: Plan) -> None:
        """Do all of it, and let everything come to its end."""
        for action in plan.actions:
            self._do(action)
        self.settle()

    def settle(self) -> None:
        """What is starting becomes ready, what is stopping ends."""
        for replica in list(self._replicas.values()):
            self._replicas[replica.id] = self._settled(replica)

    def _settled(self, replica: Replica) -> Replica:
        if replica.phase is Phase.STOPPING:
            return exited(replica, Exit(ordered=True), self._now)
        if replica.phase is Phase.STARTING:
            replica = running(replica, "", None, Probes(), self._now)
        if replica.phase is Phase.RUNNING and replica.alive and not replica.ready:
            replica = probed(replica, "startup", True, Probes(), self._now)
            replica = probed(replica, "readiness", True, Probes(), self._now)
        return replica

    def _do(self, action: Action) -> None:
        match action:
            case StartReplica():
                self._start(action)
            case StopReplica():
                self._replicas[action.id] = stopping(self._replicas[action.id])
            case KillReplica():
                how = Exit(reason=NODE_LOST, message=action.cause)
                self._replicas[action.id] = exited(self._replicas[action.id], how, self._now)
            case RemoveReplica():
                del self._replicas[action.id]

    def _start(self, action: StartReplica) -> None:
        spec = self._desired.services[action.id.service].spec
        self._replicas[action.id] = begun(action, spec, self._now)
        history = self._slots.get(action.id.key, SlotHistory())
        self._slots[action.id.key] = replace(history, last_attempt=action.id.attempt)
