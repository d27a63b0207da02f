"""The desired state: its one writer. Every change is on disk before it counts."""

import os
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from typing import Final

from orchestrator.core.sharing import REMEDY, Claims
from orchestrator.model.errors import ConflictError, InvalidRequestError, NotFoundError
from orchestrator.model.revision import revision_of
from orchestrator.model.spec import MAX_REPLICAS, Capacity, NodeSpec, ServiceSpec
from orchestrator.model.state import Desired, Node, ReplicaId, Service
from orchestrator.model.timing import Timing, with_timing
from orchestrator.runtime.store import NodeRecord, ServiceRecord, Store

LOCAL_NODE: Final = "local"


@dataclass(frozen=True, slots=True)
class Change:
    """Manifests to apply: what they name is created or replaced, the rest stays, or goes too
    if `prune`. `sources` holds the digest of each built service's folder."""

    services: tuple[ServiceSpec, ...] = ()
    nodes: tuple[NodeSpec, ...] = ()
    prune: bool = False
    sources: Mapping[str, str] | None = None


class DesiredState:
    """What is wanted, kept in the store."""

    def __init__(self, store: Store, timing: Timing) -> None:
        self._store = store
        self._timing = timing
        self._services = store.services()
        self._nodes = store.nodes()
        self._leaving = self._specs(store.deleting())
        self._deleted = self._specs(store.deleted())
        self.now = Desired()
        self.now = self._view(self._services, self._nodes, store.serial())

    @property
    def deleting(self) -> Set[str]:
        """Services wanted no more, of which something may be left."""
        return self._leaving.keys()

    def spec(self, name: str) -> ServiceSpec | None:
        """The spec of a service that is wanted, or that is on its way out by it."""
        wanted = self.now.services.get(name)
        return wanted.spec if wanted else self._leaving.get(name)

    def source(self, name: str) -> str:
        """The digest of the service's build folder, "" where it has none."""
        record = self._services.get(name)
        return record.source if record else ""

    def baseline(self, change: Change) -> Desired:
        """What a plan of `change` is compared with: what is wanted now. On an empty project whose
        first nodes it brings, the implied node is left out: nobody made it, nobody destroys it."""
        implied = not self._nodes and not self._services and change.nodes
        return replace(self.now, nodes={}) if implied else self.now

    def propose(self, change: Change) -> Desired:
        """What would be wanted after `change`. Changes nothing."""
        services, nodes = self._merged(change)
        return self._view(services, nodes, self.now.serial + 1)

    def apply(self, change: Change) -> set[str]:
        """Want this from now on; the names of services that differ, or are gone. Raises
        `StateError`."""
        services, nodes = self._merged(change)
        gone = self._services.keys() - services.keys()
        if services == self._services and nodes == self._nodes:
            return set()
        before, records = self.now.services, self._services
        self._commit(services, nodes, undoable=True)
        self._leaving |= {name: before[name].spec for name in gone}
        for name in services:
            self._leaving.pop(name, None)
            self._deleted.pop(name, None)
        return gone | {name for name in services if services[name] is not records.get(name)}

    def previous(self) -> Change | None:
        """What brings back the state before the last apply, replica counts included; None where
        there was nothing before it. Applied, it is itself the last apply."""
        found = self._store.previous()
        if found is None or not (found[0] or found[1]):
            return None
        # Said, so that it is not left as it is now.
        counted = (spec.model_copy(update={"replicas": spec.replicas}) for spec in found[0])
        return Change(tuple(counted), found[1], prune=True)

    def scale(self, name: str, replicas: int) -> None:
        """Raises `NotFoundError`, `InvalidRequestError`."""
        if not 0 <= replicas <= MAX_REPLICAS:
            raise InvalidRequestError(f"replicas {replicas}: use 0 to {MAX_REPLICAS}")
        record = self._service(name)
        self._replace(replace(record, spec=record.spec.model_copy(update={"replicas": replicas})))

    def restart(self, name: str) -> None:
        """Replace every replica, one after the other. Raises `NotFoundError`, and as kubectl does
        `ConflictError` where the rollout is paused."""
        record = self._service(name)
        if record.paused:
            raise ConflictError(
                f"the rollout of {name!r} is paused: a restart would replace nothing",
                remedy=f"first: orch rollout resume {name}",
            )
        self._replace(replace(record, restarted=record.restarted + 1))

    def set_paused(self, name: str, *, paused: bool) -> bool:
        """Pause the service's rollout, or let it go on; False if it was so before. Raises
        `NotFoundError`."""
        record = self._service(name)
        if record.paused == paused:
            return False
        self._replace(replace(record, paused=paused))
        return True

    def delete(self, name: str) -> None:
        """Want the service no more. Raises `NotFoundError`."""
        self._service(name)
        spec = self.now.services[name].spec
        services = {key: value for key, value in self._services.items() if key != name}
        self._commit(services, self._nodes)
        self._leaving[name] = spec

    def forget(self, name: str) -> None:
        """A service that was deleted is gone."""
        self._store.forget_service(name)
        if spec := self._leaving.pop(name, None):
            self._deleted[name] = spec

    def recall(self, name: str) -> bool:
        """Something of a deleted service has turned up after all: it is being deleted once more.
        False if nobody has deleted it."""
        spec = self._deleted.pop(name, None)
        if spec is not None:
            self._leaving[name] = spec
        return spec is not None

    def move(self, moves: Mapping[ReplicaId, str]) -> None:
        """Have these replicas, and no others, move to these nodes. An order of the moment: it is
        not kept for a controller to come, to which both replicas are what is wanted."""
        self.now = replace(self.now, moves=dict(moves))

    def restart_replicas(self, replicas: Iterable[ReplicaId]) -> None:
        """Have these replicas, and no others, be replaced. An order of the moment too."""
        self.now = replace(self.now, restarts=frozenset(replicas))

    def mark_node(self, name: str, *, cordoned: bool, draining: bool) -> None:
        """Cordon, uncordon or drain. Raises `NotFoundError`."""
        if name not in self.now.nodes:
            raise unknown("node", name, self.now.nodes)
        record = self._nodes.get(name) or NodeRecord(self.now.nodes[name].spec)
        marked = replace(record, cordoned=cordoned, draining=draining)
        self._commit(self._services, self._nodes | {name: marked})

    def set_down(self, names: Iterable[str], *, down: bool) -> list[str]:
        """These nodes have crashed, or are up again, all of them at once; the names of those that
        were not so before. Raises `NotFoundError`."""
        marked: dict[str, NodeRecord] = {}
        for name in names:
            if (node := self.now.nodes.get(name)) is None:
                raise unknown("node", name, self.now.nodes)
            if node.down != down:
                record = self._nodes.get(name) or NodeRecord(node.spec)
                marked[name] = replace(record, down=down)
        if marked:
            self._commit(self._services, self._nodes | marked)
        return list(marked)

    def _specs(self, records: Mapping[str, ServiceRecord]) -> dict[str, ServiceSpec]:
        return {name: with_timing(one.spec, self._timing) for name, one in records.items()}

    def _service(self, name: str) -> ServiceRecord:
        if name not in self._services:
            raise unknown("service", name, self._services)
        return self._services[name]

    def _replace(self, record: ServiceRecord) -> None:
        self._commit(self._services | {record.spec.name: record}, self._nodes)

    def _merged(self, change: Change) -> tuple[dict[str, ServiceRecord], dict[str, NodeRecord]]:
        sources = change.sources or {}
        services = {} if change.prune else dict(self._services)
        for spec in change.services:
            old = self._services.get(spec.name)
            record = ServiceRecord(_keeping_scale(spec, old), sources.get(spec.name, ""))
            if old is not None:
                record = replace(record, restarted=old.restarted, paused=old.paused)
            services[spec.name] = old if old == record else record
        nodes = {} if change.prune else dict(self._nodes)
        if change.nodes:
            nodes.pop(LOCAL_NODE, None)
        for node in change.nodes:
            known = self._nodes.get(node.name, NodeRecord(node))
            nodes[node.name] = known if known.spec == node else replace(known, spec=node)
        _check_listeners(services.values())
        return services, nodes

    def _commit(
        self,
        services: dict[str, ServiceRecord],
        nodes: dict[str, NodeRecord],
        *,
        undoable: bool = False,
    ) -> None:
        serial = self.now.serial + 1
        view = self._view(services, nodes, serial)
        with self._store.transaction():
            if undoable:
                self._store.set_previous(
                    (record.spec for record in self._services.values()),
                    (record.spec for record in self._nodes.values()),
                )
            self._write(services, nodes, view)
            self._store.set_serial(serial)
        self._services, self._nodes, self.now = services, nodes, view

    def _write(
        self, services: dict[str, ServiceRecord], nodes: dict[str, NodeRecord], view: Desired
    ) -> None:
        for name, service in services.items():
            if service != self._services.get(name):
                self._store.put_service(service)
                revision = view.services[name].revision
                self._store.put_revision(service, revision, view.serial)
        for name in self._services.keys() - services.keys():
            self._store.delete_service(name)
        for name, node in nodes.items():
            if node != self._nodes.get(name):
                self._store.put_node(node)
        for name in self._nodes.keys() - nodes.keys():
            self._store.delete_node(name)

    def _view(
        self, services: Mapping[str, ServiceRecord], nodes: Mapping[str, NodeRecord], serial: int
    ) -> Desired:
        return Desired(
            {name: self._wanted(name, record) for name, record in services.items()},
            self._shown(nodes),
            serial,
            self.now.moves,
            self.now.restarts,
        )

    def _shown(self, nodes: Mapping[str, NodeRecord]) -> Mapping[str, Node]:
        """The very mapping of before, if nothing has changed: what is kept for it stays valid."""
        if self.now.nodes and nodes == self._nodes:
            return self.now.nodes
        return {
            name: Node(record.spec, record.cordoned, record.draining, record.down)
            for name, record in (nodes or {LOCAL_NODE: NodeRecord(local_node())}).items()
        }

    def _wanted(self, name: str, record: ServiceRecord) -> Service:
        known = self.now.services.get(name)
        if known is not None and record is self._services.get(name):
            return known
        revision = revision_of(record.spec, record.source, record.restarted)
        return Service(with_timing(record.spec, self._timing), revision, record.paused)


def unknown(kind: str, name: str, known: Iterable[str]) -> NotFoundError:
    """The error for a name that nothing has, with the names there are."""
    there = ", ".join(sorted(known)[:20]) or "none"
    return NotFoundError(f"no {kind} is named {name!r}", remedy=f"there are: {there}")


def local_node() -> NodeSpec:
    """The node where manifests name none: this machine, whole."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    cpu = (os.cpu_count() or 1) * 1000
    capacity = Capacity(cpu_millicores=f"{cpu}m", memory_bytes=memory)
    return NodeSpec(name=LOCAL_NODE, capacity=capacity)


def _keeping_scale(spec: ServiceSpec, old: ServiceRecord | None) -> ServiceSpec:
    """As in Kubernetes, a manifest that names no replica count leaves the present one alone."""
    if old is None or "replicas" in spec.model_fields_set:
        return spec
    return spec.model_copy(update={"replicas": old.spec.replicas})


def _check_listeners(services: Iterable[ServiceRecord]) -> None:
    claims: Claims[str] = Claims()
    for record in services:
        proxy, name = record.spec.proxy, record.spec.name
        if proxy is not None and (other := claims.claim_port(name, proxy)):
            raise ConflictError(
                f"services {other!r} and {name!r} both listen on port {proxy.listen}",
                remedy=f"{REMEDY}; or delete {other!r} first",
            )
