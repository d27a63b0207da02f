"""What can be asked of a controller: its state as views. Reads only, and never the engine."""

from dataclasses import asdict
from typing import Any

from orchestrator.core.scheduling import Cluster as Placing
from orchestrator.core.scheduling import NodeRoom, NodeVerdict, Request, explain, keep_apart
from orchestrator.model.event import Event
from orchestrator.model.proxying import ProxySpec
from orchestrator.model.spec import ServiceSpec
from orchestrator.model.state import (
    Desired,
    Node,
    Phase,
    Replica,
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
from orchestrator.runtime.replica_rows import ReplicaRows


class Queries:
    """Answers about one controller. Raises `NotFoundError` for unknown names."""

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._cluster = controller.cluster
        self._rows = ReplicaRows(controller.cluster, lambda: controller.pending)
        self.replicas = self._rows.rows
        self.find = self._rows.find
        self.attempts = self._rows.attempts

    @property
    def _desired(self) -> Desired:
        return self._cluster.desired.now

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
        pending = [slot for slot in _slots(spec) if slot in self._controller.pending]
        rows = self.replicas(name)
        well = ready if wanted.paused else current
        status, reason = _service_status(spec.replicas, len(well), rows)
        if status == "Ready" and spec.proxy and not self._routed(name, well):
            status, reason = "Progressing", "the proxy does not know every ready replica yet"
        if wanted.paused and status == "Ready" and (held := len(ready) - len(current)):
            reason = f"its rollout is paused: {held} of {spec.replicas} not updated"
        return ServiceView(
            name=name,
            desired=spec.replicas,
            active=sum(replica.active for replica in there),
            ready=len(ready),
            up_to_date=len(current),
            revision=wanted.revision,
            address=address_of(spec.proxy) if spec.proxy else None,
            image=spec.image,
            status=status,
            reason=reason,
            pending=len(pending),
            restarts=sum(one.restarts for one in self._cluster.observed.slots_of(name).values()),
            spec=spec,
            near=self._controller.limits.near(f"service/{name}"),
            paused=wanted.paused,
        )

    def _routed(self, service: str, replicas: list[Replica]) -> bool:
        routed = self._controller.publisher.routed(service)
        return all(str(replica.id) in routed for replica in replicas if replica.endpoint)

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
        here = self._cluster.observed.room(self._desired.nodes).nodes[node.name]
        limits = [
            (service.spec.resources.limits, count)
            for name, count in here.replicas.items()
            if (service := self._desired.services.get(name))
        ]
        return NodeView(
            name=node.name,
            zone=node.spec.zone,
            status=_node_status(node, here.count),
            cpu_millicores=node.spec.reservable_cpu_millicores,
            cpu_used_millicores=here.cpu_used,
            memory_bytes=node.spec.reservable_memory_bytes,
            memory_used_bytes=here.memory_used,
            replicas=here.count,
            labels=node.spec.labels,
            cpu_limit_millicores=sum((each.cpu_millicores or 0) * count for each, count in limits),
            memory_limit_bytes=sum((each.memory_bytes or 0) * count for each, count in limits),
            others=_others(here),
            taints=tuple(f"{one.key}={one.value}:{one.effect}" for one in node.spec.taints),
            near=self._controller.limits.near(f"node/{node.name}"),
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
        placing = Placing.of(self._desired.nodes, others)
        keep_apart(placing, self._desired.services)
        verdicts = explain(request, placing)
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


def address_of(proxy: ProxySpec) -> str:
    """The URL to open: of several hosts the first, a wildcard if there is no other."""
    scheme = "https" if proxy.tls else proxy.protocol
    listens = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    host = min(proxy.hosts, key=lambda name: name.startswith("*"), default=listens)
    return f"{scheme}://{host}:{proxy.listen}{proxy.path.rstrip('/')}"


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


def _slots(spec: ServiceSpec) -> list[SlotKey]:
    return [SlotKey(spec.name, number) for number in range(1, spec.replicas + 1)]


def _node_status(node: Node, replicas: int) -> str:
    if node.down:
        return f"NotReady,{_mark(node, replicas)}".removesuffix(",")
    return _mark(node, replicas) or "Ready"


def _mark(node: Node, replicas: int) -> str:
    """What its operator said of it, "" if nothing."""
    if node.draining:
        return "Draining" if replicas else "Drained"
    return "Cordoned" if node.cordoned else ""


def _others(room: NodeRoom) -> dict[str, tuple[int, int]]:
    """Other resources by name: in use, and there."""
    return {name: (room.extended_used.get(name, 0), has) for name, has in room.extended.items()}
