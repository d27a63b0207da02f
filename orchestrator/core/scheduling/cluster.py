"""Nodes and what is in use on them: a working copy that decisions change as they go.

Nodes in the same state (same shape, same use) are kept together in one class, so that a decision
looks at one of each instead of at every node. A class is a sorted list of names: its first is the
one a tie goes to. A node whose use has changed is filed under its class when classes are next
looked at, so that what is undone before costs nothing.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from orchestrator.model.state import Node, Phase, Replica

Shape = tuple[str, int, int, bool, frozenset[tuple[str, str]]]
State = tuple[int, int, int, int]
"""The number of its shape, CPU and memory in use, replicas."""
Change = tuple[str, str, int, int, int]
"""Node, service, and how much CPU, memory and replicas more there are of it."""


@dataclass(slots=True)
class NodeRoom:
    """One node, what is reserved on it, and how many replicas of each service it holds."""

    name: str
    zone: str
    cpu_millicores: int
    memory_bytes: int
    schedulable: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    cpu_used: int = 0
    memory_used: int = 0
    replicas: dict[str, int] = field(default_factory=dict)
    count: int = 0
    """Replicas of all services."""


class Cluster:
    """All nodes by name. What runs on a node that is no more uses nothing here."""

    def __init__(self, nodes: Mapping[str, NodeRoom]) -> None:
        self.nodes = nodes
        self._shapes: dict[Shape, int] = {}
        self._shape: dict[str, int] = {}
        self._classes: dict[State, list[str]] = {}
        self._filed: dict[str, State] = {}
        self._unfiled: dict[str, None] = {}
        self._in_zone: dict[tuple[str, str], int] = {}
        self._holders: dict[str, set[str]] = {}
        self._journal: list[Change] | None = None
        for name in sorted(nodes):
            node = nodes[name]
            self._shape[name] = self._shapes.setdefault(_shape(node), len(self._shapes))
            state = self._filed[name] = self._state(node)
            self._classes.setdefault(state, []).append(name)

    @classmethod
    def of(cls, nodes: Mapping[str, Node], replicas: Iterable[Replica]) -> "Cluster":
        """These nodes with what every replica not yet EXITED holds on them."""
        cluster = cls({name: _room(node) for name, node in sorted(nodes.items())})
        for replica in replicas:
            if replica.phase is not Phase.EXITED:
                cluster.hold(replica)
        return cluster

    @contextmanager
    def tentatively(self) -> Iterator[None]:
        """What is reserved and given back inside is undone at the end."""
        journal: list[Change] = []
        self._journal = journal
        try:
            yield
        finally:
            self._journal = None
            for node, service, cpu, memory, count in reversed(journal):
                self._change(node, service, -cpu, -memory, -count)

    def in_zone(self, zone: str, service: str) -> int:
        """How many replicas of the service the zone holds."""
        return self._in_zone.get((zone, service), 0)

    def kinds(self) -> Iterator[NodeRoom]:
        """One node of every class, whatever it holds."""
        self._file()
        for names in self._classes.values():
            yield self.nodes[names[0]]

    def candidates(self, service: str) -> Iterator[NodeRoom]:
        """Every node that holds the service, and of those that do not the first of each class:
        all others are like one of these, and come after it by name."""
        self._file()
        holders = self._holders.get(service, ())
        for names in self._classes.values():
            for name in names:
                if name not in holders:
                    yield self.nodes[name]
                    break
        for name in holders:
            yield self.nodes[name]

    def successor(self, node: NodeRoom, service: str) -> NodeRoom | None:
        """The next node by name in this node's state that does not hold the service."""
        self._file()
        names = self._classes[self._filed[node.name]]
        holders = self._holders.get(service, ())
        for index in range(bisect_left(names, node.name) + 1, len(names)):
            if names[index] not in holders:
                return self.nodes[names[index]]
        return None

    def hold(self, replica: Replica) -> None:
        """Reserve what a replica holds."""
        self.add(replica.node, replica.id.service, replica.cpu_millicores, replica.memory_bytes)

    def release(self, replica: Replica) -> None:
        """Give back what a replica holds."""
        self.remove(replica.node, replica.id.service, replica.cpu_millicores, replica.memory_bytes)

    def add(self, node: str, service: str, cpu_millicores: int, memory_bytes: int) -> None:
        """Reserve room for one replica."""
        self._change(node, service, cpu_millicores, memory_bytes, 1)

    def remove(self, node: str, service: str, cpu_millicores: int, memory_bytes: int) -> None:
        """Give the room of one replica back."""
        self._change(node, service, -cpu_millicores, -memory_bytes, -1)

    def mark(self, name: str, *, schedulable: bool) -> None:
        """Let the node be used for what is placed from now on, or not."""
        node = self.nodes[name]
        node.schedulable = schedulable
        self._shape[name] = self._shapes.setdefault(_shape(node), len(self._shapes))
        self._unfiled[name] = None

    def _change(self, name: str, service: str, cpu: int, memory: int, count: int) -> None:
        node = self.nodes.get(name)
        if node is None:
            return
        if self._journal is not None:
            self._journal.append((name, service, cpu, memory, count))
        self._unfiled[name] = None
        node.cpu_used += cpu
        node.memory_used += memory
        node.count += count
        self._count(node, service, count)

    def _count(self, node: NodeRoom, service: str, count: int) -> None:
        key = (node.zone, service)
        self._in_zone[key] = self._in_zone.get(key, 0) + count
        here = node.replicas[service] = node.replicas.get(service, 0) + count
        if here:
            self._holders.setdefault(service, set()).add(node.name)
        else:
            del node.replicas[service]
            self._holders[service].discard(node.name)

    def _file(self) -> None:
        """Put the nodes that have changed into their classes."""
        for name in self._unfiled:
            before, now = self._filed[name], self._state(self.nodes[name])
            if before != now:
                self._filed[name] = now
                self._take_out(name, before)
                insort(self._classes.setdefault(now, []), name)
        self._unfiled.clear()

    def _take_out(self, name: str, state: State) -> None:
        names = self._classes[state]
        del names[bisect_left(names, name)]
        if not names:
            del self._classes[state]

    def _state(self, node: NodeRoom) -> State:
        return self._shape[node.name], node.cpu_used, node.memory_used, node.count


def _shape(node: NodeRoom) -> Shape:
    """All of a node but its name and what it holds."""
    labels = frozenset(node.labels.items())
    return node.zone, node.cpu_millicores, node.memory_bytes, node.schedulable, labels


def _room(node: Node) -> NodeRoom:
    capacity = node.spec.capacity
    return NodeRoom(
        name=node.name,
        zone=node.spec.zone,
        cpu_millicores=capacity.cpu_millicores,
        memory_bytes=capacity.memory_bytes,
        schedulable=node.schedulable,
        labels=node.spec.labels,
    )
