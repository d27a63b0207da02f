"""Replicas as rows: what `orch ps` shows, and finding a replica by its name."""

from collections.abc import Callable, Mapping

from orchestrator.core.lifecycle import slot_status
from orchestrator.model.state import Phase, Replica, Service, SlotHistory, SlotKey
from orchestrator.model.views import ReplicaView
from orchestrator.runtime.cluster import Cluster
from orchestrator.runtime.desired import unknown


class ReplicaRows:
    """Views of one cluster's replicas. `pending` says why slots have no node."""

    def __init__(self, cluster: Cluster, pending: Callable[[], Mapping[SlotKey, str]]) -> None:
        self._cluster = cluster
        self._pending = pending

    def rows(self, service: str = "", *, everything: bool = False) -> list[ReplicaView]:
        """A row for each replica that is not over, and for each wanted slot that has none;
        with `everything` also for kept attempts that are over."""
        if service and service not in self._cluster.managed:
            raise unknown("service", service, self._cluster.managed)
        by_slot = self._by_slot(service)
        rows: list[ReplicaView] = []
        for key in sorted(by_slot.keys() | self._wanted_slots(service)):
            rows += self._slot_rows(key, by_slot.get(key, []), everything)
        return rows

    def _by_slot(self, service: str = "") -> dict[SlotKey, list[Replica]]:
        """What is known of every slot (of the service, if named), the newest attempt first."""
        found: dict[SlotKey, list[Replica]] = {}
        observed = self._cluster.observed
        for replica in observed.of_service(service) if service else observed.replicas.values():
            found.setdefault(replica.id.key, []).append(replica)
        for replicas in found.values():
            replicas.sort(key=lambda replica: -replica.id.attempt)
        return found

    def _wanted_slots(self, service: str) -> set[SlotKey]:
        wanted = self._cluster.desired.now.services
        names = wanted.keys() if not service else wanted.keys() & {service}
        return {
            SlotKey(name, slot)
            for name in names
            for slot in range(1, wanted[name].spec.replicas + 1)
        }

    def _slot_rows(
        self, key: SlotKey, replicas: list[Replica], everything: bool
    ) -> list[ReplicaView]:
        over = [replica for replica in replicas if replica.phase is Phase.EXITED]
        there = [replica for replica in reversed(replicas) if replica.phase is not Phase.EXITED]
        rows = [self._row(key, replica) for replica in there]
        if not rows and self._is_wanted(key):
            rows = [self._row(key, None, over[0] if over else None)]
        if everything:
            rows += [self._row(key, replica) for replica in over]
        return rows

    def _is_wanted(self, key: SlotKey) -> bool:
        service = self._cluster.desired.now.services.get(key.service)
        return service is not None and key.slot <= service.spec.replicas

    def _row(
        self, key: SlotKey, replica: Replica | None, before: Replica | None = None
    ) -> ReplicaView:
        history = self._cluster.observed.slots.get(key, SlotHistory())
        service = self._cluster.desired.now.services.get(key.service)
        status, reason = self._status(key, replica or before, history, service)
        node = replica.node if replica else None
        spec = service.spec.resources if service else None
        now = self._cluster.clock.monotonic()
        return ReplicaView(
            name=key.name,
            service=key.service,
            slot=key.slot,
            attempt=replica.id.attempt if replica else history.last_attempt,
            status=status,
            reason=reason,
            ready=bool(replica and replica.ready),
            restarts=history.restarts,
            node=node,
            zone=self._zone(node),
            revision=replica.revision if replica else (service.revision if service else ""),
            id=replica.engine_id if replica else None,
            endpoint=str(replica.endpoint) if replica and replica.endpoint else None,
            age_s=max(0.0, now - replica.created_at) if replica else 0.0,
            last_exit=_ending(history),
            cpu_request_millicores=replica.cpu_millicores
            if replica
            else (spec.request_cpu_millicores if spec else 0),
            memory_request_bytes=replica.memory_bytes
            if replica
            else (spec.request_memory_bytes if spec else 0),
        )

    def _status(
        self,
        key: SlotKey,
        replica: Replica | None,
        history: SlotHistory,
        service: Service | None,
    ) -> tuple[str, str]:
        policy = service.spec.restart.policy if service else "never"
        pending = self._pending().get(key)
        now = self._cluster.clock.monotonic()
        return slot_status(replica, history, policy, pending, now)

    def _zone(self, node: str | None) -> str | None:
        known = self._cluster.desired.now.nodes.get(node or "")
        return known.spec.zone if known else None

    def find(self, name: str) -> Replica:
        """The replica of that name: the newest that is not over."""
        found = [
            replica
            for replica in self._cluster.observed.replicas.values()
            if replica.id.name == name and replica.phase is not Phase.EXITED
        ]
        if not found:
            names = {row.name for row in self.rows() if row.id}
            raise unknown("running replica", name, names)
        return max(found, key=lambda replica: replica.id.attempt)

    def attempts(self, name: str, *, previous: bool) -> list[Replica]:
        """The replicas whose output `name` (a service or a replica) means: the newest attempt of
        each slot, or the one before it."""
        slots = [
            replicas
            for key, replicas in sorted(self._by_slot().items())
            if name in (key.service, key.name)
        ]
        if not slots and name not in self._cluster.managed:
            known = self._cluster.managed | {row.name for row in self.rows()}
            raise unknown("service or replica", name, known)
        index = 1 if previous else 0
        return [replicas[index] for replicas in slots if len(replicas) > index]


def _ending(history: SlotHistory) -> str:
    last = history.last_exit
    if last is None:
        return ""
    return last.word if last.code is None else f"{last.word} ({last.code})"
