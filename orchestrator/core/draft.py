"""A plan in the making: what has been decided so far, and the room that leaves."""

from collections.abc import Callable, Iterable, Sequence

from orchestrator.core.scheduling import (
    Batch,
    Cluster,
    Request,
    Unschedulable,
    place_batch,
    refusal_of,
)
from orchestrator.core.slots import Slot
from orchestrator.model.plan import (
    Action,
    KillReplica,
    Pending,
    Plan,
    RemoveReplica,
    StartReplica,
    StopReplica,
)
from orchestrator.model.state import Desired, Replica, ReplicaId, Service


class Draft:
    """Collects actions; starts reserve their room in `cluster` at once."""

    def __init__(
        self, desired: Desired, cluster: Cluster, now: float, everyone: Iterable[Replica] = ()
    ) -> None:
        self.desired = desired
        self.cluster = cluster
        self.now = now
        self.everyone = everyone
        """The replicas of all services."""
        self.preempting: set[str] = set()
        """The services that others have to leave for."""
        self._stops: dict[ReplicaId, Action] = {}
        self._starts: list[Action] = []
        self._removals: list[Action] = []
        self._pending: list[Pending] = []
        self._refused: dict[str, Unschedulable] = {}
        self._wakes: dict[str, float] = {}

    def start(self, service: Service, slots: Sequence[Slot], why: Callable[[Slot], str]) -> Batch:
        """Start the next attempt of each slot, of the first ones if there is no room for all."""
        # All slots of a service ask for the same, and a draft only ever takes room.
        if refusal := self._refused.get(service.name):
            return Batch((), refusal)
        numbers = [slot.key.slot for slot in slots]
        batch = place_batch(Request.of(service.spec, numbers[0]), numbers, self.cluster)
        for slot, node in zip(slots, batch.nodes, strict=False):
            id_ = ReplicaId(slot.key.service, slot.key.slot, slot.next_attempt)
            self._starts.append(StartReplica(id_, node, service.revision, why(slot)))
        if batch.refusal:
            self._refused[service.name] = batch.refusal
        return batch

    def move(self, service: Service, slot: Slot, node: str, cause: str) -> Unschedulable | None:
        """Start the slot's next attempt on this node, or say why it may not go there."""
        request = Request.of(service.spec, slot.key.slot)
        if refusal := refusal_of(request, node, self.cluster):
            return refusal
        self.cluster.add(node, service.name, *request.holds)
        id_ = ReplicaId(slot.key.service, slot.key.slot, slot.next_attempt)
        self._starts.append(StartReplica(id_, node, service.revision, cause))
        return None

    def stop(self, replica: Replica, cause: str, *, failed: bool = False) -> None:
        """Order its end, if that has not been done. It holds its room until it has ended."""
        self._stops.setdefault(replica.id, StopReplica(replica.id, cause, failed))

    def kill(self, replica: Replica, cause: str) -> None:
        """It goes with its node. No other end is ordered for it after that."""
        self._stops[replica.id] = KillReplica(replica.id, cause)

    def stops(self, replica: Replica) -> bool:
        """Whether its end has been ordered by this draft."""
        return replica.id in self._stops

    def remove(self, replica: Replica, cause: str) -> None:
        """Forget an attempt that has ended."""
        self._removals.append(RemoveReplica(replica.id, cause))

    def pend(self, slot: Slot, why: Unschedulable) -> None:
        """The slot has no node for now."""
        self._pending.append(Pending(slot.key, why.reason))

    def wake_at(self, service: str, time: float) -> None:
        """Look at the service again then, even if nothing happens."""
        self._wakes[service] = min(time, self._wakes.get(service, time))

    def plan(self) -> Plan:
        """Stops first, for they free room; then starts; then what is only tidying up."""
        actions = (*self._stops.values(), *self._starts, *self._removals)
        pending, short = tuple(self._pending), frozenset(self._refused)
        return Plan(actions, pending, self._wakes, short, frozenset(self.preempting))
