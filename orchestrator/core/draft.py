"""A plan in the making: what has been decided so far, and the room that leaves."""

from orchestrator.core.scheduling import Cluster, Request, Unschedulable, place
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
        self._wake_at: float | None = None

    def start(self, service: Service, slot: Slot, cause: str) -> Unschedulable | None:
        """Start the slot's next attempt where it fits best, or say why it fits nowhere."""
        # All slots of a service ask for the same, and a draft only ever takes room.
        if refusal := self._refused.get(service.name):
            return refusal
        request = Request.of(service.spec, slot.key.slot)
        node = place(request, self.cluster)
        if isinstance(node, Unschedulable):
            self._refused[service.name] = node
            return node
        self.cluster.add(node, service.name, request.cpu_millicores, request.memory_bytes)
        id_ = ReplicaId(*slot.key, slot.next_attempt)
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

    def wake_at(self, time: float) -> None:
        """Look again then, even if nothing happens."""
        self._wake_at = time if self._wake_at is None else min(self._wake_at, time)

    def plan(self) -> Plan:
        """Stops first, for they free room; then starts; then what is only tidying up."""
        actions = (*self._stops, *self._starts, *self._removals)
        return Plan(actions, tuple(self._pending), self._wake_at)
