"""A plan in the making: what has been decided so far, and the room that leaves."""

from collections.abc import Callable, Sequence

from orchestrator.core.scheduling import (
    Batch,
    Cluster,
    Request,
    Unschedulable,
    place_batch,
    refusal_of,
)
from orchestrator.core.slots import Slot
from orchestrator.model.plan import Action, Pending, Plan, RemoveReplica, StartReplica, StopReplica
from orchestrator.model.state import Desired, Replica, ReplicaId, Service


class Draft:
    """Collects actions; starts reserve their room in `cluster` at once."""

    def __init__(self, desired: Desired, cluster: Cluster, now: float) -> None:
        self.desired = desired
        self.cluster = cluster
        self.now = now
        self._stops: list[Action] = []
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
        """Order its end. It holds its room until it has ended."""
        self._stops.append(StopReplica(replica.id, cause, failed))

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
        actions = (*self._stops, *self._starts, *self._removals)
        return Plan(actions, tuple(self._pending), self._wakes, frozenset(self._refused))
