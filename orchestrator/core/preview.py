"""What applying a proposal would do, before it is done.

It is the difference between two forecasts: where the cluster goes with the proposal, and where it
goes without. What is under way already is in both, and so in neither's way.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from orchestrator.core.forecast import forecast
from orchestrator.core.launching import image_name
from orchestrator.core.scheduling import Cluster
from orchestrator.core.slots import why_stale
from orchestrator.core.specdiff import differences
from orchestrator.model.plan import Pending
from orchestrator.model.quantity import format_cpu, format_memory
from orchestrator.model.revision import TEMPLATE_FIELDS
from orchestrator.model.spec import ServiceSpec
from orchestrator.model.state import Desired, Node, Observed, Replica, Service, SlotKey
from orchestrator.model.text import quote

Symbol = Literal["+", "~", "-"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to be added, changed or destroyed. `fields` holds a line for each difference."""

    symbol: Symbol
    object: str
    """`node/node-1`, `service/web`, `replica/web-2`."""
    text: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeUsage:
    """What is reserved on one node now, and what will be."""

    node: str
    cpu_millicores: int
    cpu_before: int
    cpu_after: int
    memory_bytes: int
    memory_before: int
    memory_after: int


@dataclass(frozen=True, slots=True)
class Preview:
    """All that would change. Nodes, services and replicas each count once for their symbol."""

    nodes: tuple[Change, ...]
    services: tuple[Change, ...]
    replicas: tuple[Change, ...]
    pending: tuple[Pending, ...]
    usage: tuple[NodeUsage, ...]
    paused: tuple[str, ...] = ()
    """A sentence on each paused rollout that keeps replicas from being updated."""

    @property
    def changes(self) -> tuple[Change, ...]:
        """Nodes, services and replicas."""
        return (*self.nodes, *self.services, *self.replicas)

    @property
    def add(self) -> int:
        """How many things are new."""
        return self._count("+")

    @property
    def change(self) -> int:
        """How many things stay and become different. A replaced replica is one of them."""
        return self._count("~")

    @property
    def destroy(self) -> int:
        """How many things will be gone."""
        return self._count("-")

    def _count(self, symbol: Symbol) -> int:
        return sum(change.symbol == symbol for change in self.changes)


def preview(desired: Desired, proposed: Desired, observed: Observed, now: float) -> Preview:
    """What would become of `observed` with `proposed` in place of `desired`.

    Replicas of services that neither names are left alone.
    """
    named = desired.services.keys() | proposed.services.keys()
    without = forecast(desired, observed, now, set(desired.services))
    ahead = forecast(proposed, observed, now, named)
    return Preview(
        nodes=tuple(_changes(desired.nodes, proposed.nodes, _node_change)),
        services=tuple(_changes(desired.services, proposed.services, _service_change)),
        replicas=tuple(_replica_changes(desired, proposed, without.observed, ahead.observed)),
        pending=ahead.plan.pending,
        usage=_usage(proposed, observed, ahead.observed),
        paused=tuple(_paused(proposed, ahead.observed)),
    )


def _changes(
    before: Mapping[str, T],
    after: Mapping[str, T],
    change: Callable[[T | None, T | None], Change | None],
) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        if found := change(before.get(name), after.get(name)):
            yield found


# -- nodes ----------------------------------------------------------------------------------------


def _node_change(before: Node | None, after: Node | None) -> Change | None:
    if before is None:
        return Change("+", f"node/{after.name}", _node_text(after)) if after else None
    if after is None:
        return Change("-", f"node/{before.name}", f"{_node_text(before)}: deleted")
    fields = differences(before.spec, after.spec)
    if not fields:
        return None
    return Change("~", f"node/{after.name}", f"node {after.name}", fields)


def _node_text(node: Node) -> str:
    capacity = node.spec.capacity
    cpu, memory = format_cpu(capacity.cpu_millicores), format_memory(capacity.memory_bytes)
    return f"node {node.name} (zone {node.spec.zone}, cpu {cpu}, memory {memory})"


# -- services -------------------------------------------------------------------------------------


def _service_change(before: Service | None, after: Service | None) -> Change | None:
    if before is None:
        return Change("+", f"service/{after.name}", _service_text(after.spec)) if after else None
    if after is None:
        return Change("-", f"service/{before.name}", f"service {before.name}: deleted")
    fields = differences(before.spec, after.spec)
    if before.revision != after.revision and not _template_changed(fields):
        fields = (*fields, f"revision: {before.revision} -> {after.revision}")
    if not fields:
        return None
    return Change("~", f"service/{after.name}", f"service {after.name}", fields)


def _service_text(spec: ServiceSpec) -> str:
    requests = spec.resources
    command = quote(" ".join(spec.command)) if spec.command else ""
    what = image_name(spec) or command
    cpu = format_cpu(requests.request_cpu_millicores)
    memory = format_memory(requests.request_memory_bytes)
    parts = [f"{_counted(spec.replicas)} of {what}", f"cpu {cpu}", f"memory {memory} each"]
    if spec.proxy:
        parts.append(f"listen {spec.proxy.listen}")
    return f"service {spec.name} ({', '.join(parts)})"


def _counted(replicas: int) -> str:
    return "1 replica" if replicas == 1 else f"{replicas} replicas"


def _template_changed(fields: tuple[str, ...]) -> list[str]:
    """The manifest's names of what a running replica cannot take over."""
    tops = dict.fromkeys(field.partition(":")[0].partition(".")[0] for field in fields)
    changed = [top for top in tops if top in TEMPLATE_FIELDS]
    selector = any(field.startswith("placement.nodeSelector") for field in fields)
    return [*changed, "nodeSelector"] if selector else changed


# -- replicas -------------------------------------------------------------------------------------


def _replica_changes(
    desired: Desired, proposed: Desired, without: Observed, ahead: Observed
) -> Iterator[Change]:
    before, after = _active_by_slot(without), _active_by_slot(ahead)
    for key in sorted(before.keys() | after.keys()):
        change = _replica_change(key, before.get(key), after.get(key), desired, proposed)
        if change:
            yield change


def _active_by_slot(observed: Observed) -> dict[SlotKey, Replica]:
    return {replica.id.key: replica for replica in observed.replicas if replica.active}


def _replica_change(
    key: SlotKey,
    before: Replica | None,
    after: Replica | None,
    desired: Desired,
    proposed: Desired,
) -> Change | None:
    name, object_ = key.name, f"replica/{key.name}"
    if before is None:
        text = after and f"{name} on {after.node}: {_why_new(key, desired)}"
        return Change("+", object_, text) if text else None
    if after is None:
        return Change("-", object_, f"{name} on {before.node}: {_why_gone(key, proposed)}")
    if before.revision != after.revision:
        why = _why_replaced(desired.services.get(key.service), proposed.services[key.service])
        return Change("~", object_, f"{name} on {after.node} replaced: {why}")
    if before.id != after.id:
        why = why_stale(before, proposed.services[key.service], proposed)
        return Change("~", object_, f"{name} moved {before.node} -> {after.node}: {why}")
    return None


def _why_gone(key: SlotKey, proposed: Desired) -> str:
    service = proposed.services.get(key.service)
    if service is None:
        return "service deleted"
    if key.slot > service.spec.replicas:
        return f"scaled down to {service.spec.replicas}"
    return "fits on no node"


def _why_new(key: SlotKey, desired: Desired) -> str:
    service = desired.services.get(key.service)
    if service is None:
        return "service created"
    if key.slot > service.spec.replicas:
        return f"scaled up from {service.spec.replicas}"
    return "there is room for it now"


def _why_replaced(before: Service | None, after: Service) -> str:
    if before is None:
        return "it was started from another manifest"
    changed = _template_changed(differences(before.spec, after.spec))
    return f"{', '.join(changed)} changed" if changed else "its build's sources changed"


# -- paused rollouts ------------------------------------------------------------------------------


def _paused(proposed: Desired, ahead: Observed) -> Iterator[str]:
    there = _active_by_slot(ahead).values()
    for name, service in sorted(proposed.services.items()):
        mine = [one for one in there if one.id.service == name]
        old = sum(one.revision != service.revision for one in mine)
        if service.paused and old:
            stay = f"{old} of {_counted(len(mine))} not updated"
            yield f"The rollout of {name} is paused: {stay} until: orch rollout resume {name}"


# -- nodes' usage ---------------------------------------------------------------------------------


def _usage(proposed: Desired, before: Observed, after: Observed) -> tuple[NodeUsage, ...]:
    now = Cluster.of(proposed.nodes, before.replicas).nodes
    then = Cluster.of(proposed.nodes, after.replicas).nodes
    return tuple(
        NodeUsage(
            node=name,
            cpu_millicores=node.cpu_millicores,
            cpu_before=node.cpu_used,
            cpu_after=then[name].cpu_used,
            memory_bytes=node.memory_bytes,
            memory_before=node.memory_used,
            memory_after=then[name].memory_used,
        )
        for name, node in now.items()
    )
