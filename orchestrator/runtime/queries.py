"""What can be asked of a controller: its state as views. Reads only, and never the engine."""

from dataclasses import asdict
from typing import Any

from orchestrator.core.lifecycle import slot_status
from orchestrator.core.placement import Cluster as Placing
from orchestrator.core.placement import NodeVerdict, Request, explain
from orchestrator.model.event import Event
from orchestrator.model.state import (
    Desired,
    Node,
    Phase,
    Replica,
    Service,
    SlotHistory,
    SlotKey,
)
from orchestrator.model.views import (
    EventView,
    ExplainView,
    NodeView,
    ReplicaView,
    ServiceView,
    VerdictView,
)
from orchestrator.runtime.controller import Controller
from orchestrator.runtime.desired import unknown


class Queries:
    """Answers about one controller. Raises `NotFoundError` for unknown names."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._cluster = controller.cluster

    @property
    def _desired(self) -> Desired:
        return self._cluster.desired.now

    # -- replicas --------------------------------------------------------------------------

    def replicas(self, service: str = "", *, everything: bool = False) -> list[ReplicaView]:
        """A row for each replica that is not over, and for each wanted slot that has none;
        with `everything` also for kept attempts that are over."""
        if service and service not in self._cluster.managed:
            raise unknown("service", service, self._cluster.managed)
        by_slot: dict[SlotKey, list[Replica]] = {}
        for replica in self._cluster.observed.replicas.values():
            by_slot.setdefault(replica.id.key, []).append(replica)
        keys = by_slot.keys() | self._wanted_slots()
        rows: list[ReplicaView] = []
        for key in sorted(keys):
            if not service or key.service == service:
                rows += self._slot_rows(key, by_slot.get(key, []), everything)
        return rows

    def _wanted_slots(self) -> set[SlotKey]:
        return {
            SlotKey(name, slot)
            for name, service in self._desired.services.items()
            for slot in range(1, service.spec.replicas + 1)
        }

    def _slot_rows(
        self, key: SlotKey, replicas: list[Replica], everything: bool
    ) -> list[ReplicaView]:
        over = [replica for replica in replicas if replica.phase is Phase.EXITED]
        there = [replica for replica in replicas if replica.phase is not Phase.EXITED]
        rows = [self._row(key, replica) for replica in sorted(there, key=lambda r: r.id.attempt)]
        if not rows and key in self._wanted_slots_of(key.service):
            newest = max(over, key=lambda r: r.id.attempt, default=None)
            rows = [self._row(key, None, newest)]
        if everything:
            rows += [self._row(key, replica) for replica in over]
        return rows

    def _wanted_slots_of(self, name: str) -> set[SlotKey]:
        service = self._desired.services.get(name)
        count = service.spec.replicas if service else 0
        return {SlotKey(name, slot) for slot in range(1, count + 1)}

    def _row(
        self, key: SlotKey, replica: Replica | None, before: Replica | None = None
    ) -> ReplicaView:
        history = self._cluster.observed.slots.get(key, SlotHistory())
        service = self._desired.services.get(key.service)
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
        pending = self._controller.pending.get(key)
        now = self._cluster.clock.monotonic()
        return slot_status(replica, history, policy, pending, now)

    def _zone(self, node: str | None) -> str | None:
        known = self._desired.nodes.get(node or "")
        return known.spec.zone if known else None

    def find(self, name: str) -> Replica:
        """The replica of that name: the newest that is not over."""
        found = [
            replica
            for replica in self._cluster.observed.replicas.values()
            if replica.id.name == name and replica.phase is not Phase.EXITED
        ]
        if not found:
            names = {row.name for row in self.replicas() if row.id}
            raise unknown("running replica", name, names)
        return max(found, key=lambda replica: replica.id.attempt)

    def attempts(self, name: str, *, previous: bool) -> list[Replica]:
        """The replicas whose output `name` (a service or a replica) means: the newest attempt of
        each slot, or the one before it."""
        by_slot: dict[SlotKey, list[Replica]] = {}
        for replica in self._cluster.observed.replicas.values():
            if name in (replica.id.service, replica.id.name):
                by_slot.setdefault(replica.id.key, []).append(replica)
        if not by_slot and name not in self._cluster.managed:
            known = self._cluster.managed | {row.name for row in self.replicas()}
            raise unknown("service or replica", name, known)
        newest = [
            sorted(replicas, key=lambda replica: -replica.id.attempt)
            for _, replicas in sorted(by_slot.items())
        ]
        index = 1 if previous else 0
        return [replicas[index] for replicas in newest if len(replicas) > index]

    # -- services and nodes ----------------------------------------------------------------

    def services(self) -> list[ServiceView]:
        """Every service."""
        return [self.service(name) for name in sorted(self._desired.services)]

    def service(self, name: str) -> ServiceView:
        """One service and how far it is."""
        wanted = self._desired.services.get(name)
        if wanted is None:
            raise unknown("service", name, self._desired.services)
        spec = wanted.spec
        there = [r for r in self._cluster.observed.of_service(name) if r.phase is not Phase.EXITED]
        ready = [replica for replica in there if replica.ready]
        current = [replica for replica in ready if replica.revision == wanted.revision]
        pending = {k: why for k, why in self._controller.pending.items() if k.service == name}
        rows = self.replicas(name)
        status, reason = _service_status(spec.replicas, len(current), rows)
        histories = [h for k, h in self._cluster.observed.slots.items() if k.service == name]
        return ServiceView(
            name=name,
            desired=spec.replicas,
            active=sum(replica.active for replica in there),
            ready=len(ready),
            up_to_date=len(current),
            revision=wanted.revision,
            address=f"http://{spec.proxy.host}:{spec.proxy.listen}" if spec.proxy else None,
            image=spec.image,
            status=status,
            reason=reason,
            pending=len(pending),
            restarts=sum(history.restarts for history in histories),
            spec=spec,
        )

    def nodes(self) -> list[NodeView]:
        """Every node."""
        return [self._node(node) for _, node in sorted(self._desired.nodes.items())]

    def node(self, name: str) -> NodeView:
        """One node."""
        node = self._desired.nodes.get(name)
        if node is None:
            raise unknown("node", name, self._desired.nodes)
        return self._node(node)

    def _node(self, node: Node) -> NodeView:
        here = [
            replica
            for replica in self._cluster.observed.replicas.values()
            if replica.node == node.name and replica.phase is not Phase.EXITED
        ]
        return NodeView(
            name=node.name,
            zone=node.spec.zone,
            status=_node_status(node, len(here)),
            cpu_millicores=node.spec.capacity.cpu_millicores,
            cpu_used_millicores=sum(replica.cpu_millicores for replica in here),
            memory_bytes=node.spec.capacity.memory_bytes,
            memory_used_bytes=sum(replica.memory_bytes for replica in here),
            replicas=len(here),
            labels=node.spec.labels,
        )

    # -- explanations ----------------------------------------------------------------------

    def explain(self, name: str) -> list[ExplainView]:
        """Why each replica of a service, or the one named, is where it is."""
        rows = [row for row in self.replicas() if name in (row.service, row.name)]
        if not rows:
            known = self._cluster.managed | {row.name for row in self.replicas()}
            raise unknown("service or replica", name, known)
        return [self._explained(row) for row in rows if row.service in self._desired.services]

    def _explained(self, row: ReplicaView) -> ExplainView:
        spec = self._desired.services[row.service].spec
        # As it was decided: without the replica itself in the picture.
        others = [
            replica
            for replica in self._cluster.observed.replicas.values()
            if (replica.id.name, replica.id.attempt) != (row.name, row.attempt)
        ]
        request = Request.of(spec, row.slot)
        verdicts = explain(request, Placing.of(self._desired.nodes, others))
        return ExplainView(
            name=row.name,
            status=row.status,
            node=row.node,
            reason=row.reason,
            strategy=spec.placement.strategy,
            verdicts=tuple(_verdict(verdict, row.node) for verdict in verdicts),
        )

    def inspect(self, kind: str, name: str) -> dict[str, Any]:
        """Everything known of a service, replica or node."""
        events = [asdict(event) for event in self._events_of(kind, name)]
        match kind:
            case "service":
                view = self.service(name).model_dump(mode="json", by_alias=True)
                replicas = [row.model_dump(mode="json") for row in self.replicas(name)]
                return view | {"replicas": replicas, "events": events}
            case "node":
                here = [r.model_dump(mode="json") for r in self.replicas() if r.node == name]
                return self.node(name).model_dump(mode="json") | {
                    "replicas_here": here,
                    "events": events,
                }
            case "replica":
                return self._inspect_replica(name) | {"events": events}
        raise unknown("kind", kind, ("service", "replica", "node"))

    def _inspect_replica(self, name: str) -> dict[str, Any]:
        rows = [row for row in self.replicas(everything=True) if row.name == name]
        if not rows:
            raise unknown("replica", name, {row.name for row in self.replicas()})
        attempts = [row.model_dump(mode="json") for row in rows]
        return attempts[0] | {"attempts": attempts}

    def _events_of(self, kind: str, name: str) -> list[Event]:
        return self._controller.store.events(limit=50, about=f"{kind}/{name}")

    def events(self, after: int, limit: int, about: str) -> list[EventView]:
        """Stored events, oldest first."""
        found = self._controller.store.events(after, limit, about)
        return [event_view(event) for event in found]


def event_view(event: Event) -> EventView:
    """An event as it is sent."""
    return EventView(**asdict(event))


def _verdict(verdict: NodeVerdict, node: str | None) -> VerdictView:
    return VerdictView(
        node=verdict.node,
        zone=verdict.zone,
        fits=verdict.fits,
        reason=verdict.reason,
        cpu_score=verdict.cpu_score,
        memory_score=verdict.memory_score,
        total=verdict.total,
        chosen=verdict.node == node if node else verdict.chosen,
    )


def _ending(history: SlotHistory) -> str:
    last = history.last_exit
    if last is None:
        return ""
    return last.word if last.code is None else f"{last.word} ({last.code})"


def _service_status(desired: int, current: int, rows: list[ReplicaView]) -> tuple[str, str]:
    if desired == 0:
        return ("Stopped", "") if not rows else ("Progressing", "stopping")
    done = sum(row.status == "Completed" for row in rows)
    if current + done >= desired and len(rows) == desired:
        return ("Completed" if done == desired else "Ready"), ""
    bad = [row for row in rows if row.status not in ("Ready", "Starting", "Running", "Terminating")]
    bad = [row for row in bad if row.status != "Completed"]
    if bad:
        return "Degraded", f"{bad[0].name} {bad[0].status}: {bad[0].reason}"
    return "Progressing", f"{current} of {desired} ready"


def _node_status(node: Node, replicas: int) -> str:
    if node.draining:
        return "Draining" if replicas else "Drained"
    return "Cordoned" if node.cordoned else "Ready"
