"""Nodes and what is in use on them: a working copy that decisions change as they go.

Nodes in the same state (same shape, same use) are kept together in one class, so that a decision
looks at one of each instead of at every node. A class is a sorted list of names: its first is the
one a tie goes to. A node whose use has changed is filed under its class when classes are next
looked at, so that what is undone before costs nothing.
"""

from bisect import bisect_left, insort
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from orchestrator.core.scheduling.nodes import NODE, ZONE, NodeRoom, room_on
from orchestrator.model.placement import Taint
from orchestrator.model.spec import Extended
from orchestrator.model.state import Node, Phase, Replica

Shape = tuple[str, int, int, bool, bool, frozenset[tuple[str, str]], tuple[Taint, ...], Extended]
State = tuple[int, int, int, int, Extended]
"""The number of its shape, CPU and memory in use, replicas, other resources in use."""
Change = tuple[str, str, int, int, int, Extended]
"""Node, service, and how much CPU, memory, replicas and of other resources more there is of it."""
Counts = dict[tuple[str | None, str], int]
"""Replicas by domain (a zone, a label's value) and service."""


class Apart(NamedTuple):
    """A service that another one shares no `key` with (a zone, a node), and why not."""

    service: str
    key: str
    reason: str


class Cluster:
    """All nodes by name. What runs on a node that is no more uses nothing here."""

    def __init__(self, nodes: Mapping[str, NodeRoom]) -> None:
        self.nodes = nodes
        self._shapes: dict[Shape, int] = {}
        self._shape: dict[str, int] = {}
        self._classes: dict[State, list[str]] = {}
        self._in_zone: Counts = {}
        self._in_label: dict[str, Counts] = {}
        self._filed: dict[str, State] = {}
        self._unfiled: dict[str, None] = {}
        self._holders: dict[str, set[str]] = {}
        self._journal: list[Change] | None = None
        self._apart: Mapping[str, tuple[Apart, ...]] = {}
        self._distinct: dict[str, tuple[str, ...]] = {}
        self.rules_from: object = None
        """The services whose rules are kept."""
        self.down = {name for name, node in nodes.items() if node.down}
        """The nodes that have crashed."""
        self.tainted = any(node.taints for node in nodes.values())
        for name in sorted(nodes):
            node = nodes[name]
            self._shape[name] = self._shapes.setdefault(_shape(node), len(self._shapes))
            state = self._filed[name] = self._state(node)
            self._classes.setdefault(state, []).append(name)

    @classmethod
    def of(cls, nodes: Mapping[str, Node], replicas: Iterable[Replica]) -> "Cluster":
        """These nodes with what every replica not yet EXITED holds on them."""
        cluster = cls({name: room_on(node) for name, node in sorted(nodes.items())})
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
            for node, service, cpu, memory, count, extended in reversed(journal):
                self._change(node, service, -cpu, -memory, -count, _negative(extended))

    def in_zone(self, zone: str, service: str) -> int:
        """How many replicas of the service the zone holds."""
        return self._in_zone.get((zone, service), 0)

    def in_domain(self, key: str, value: str | None, service: str) -> int:
        """How many replicas of the service the nodes hold that share this value of a topology
        key."""
        if key == NODE:
            node = self.nodes.get(value or "")
            return node.replicas.get(service, 0) if node else 0
        return self.counts(key).get((value, service), 0)

    def counts(self, key: str) -> Counts:
        """Replicas by domain and service; kept up to date. Labels are counted from the first time
        they are asked for."""
        if key == ZONE:
            return self._in_zone
        counts = self._in_label.get(key)
        if counts is None:
            counts = self._in_label[key] = {}
            for node in self.nodes.values():
                for name, here in node.replicas.items():
                    at = (node.domain(key), name)
                    counts[at] = counts.get(at, 0) + here
        return counts

    def keep_apart(self, rules: Mapping[str, tuple[Apart, ...]]) -> None:
        """From now on these are the rules by which services keep away from others."""
        self._apart = rules
        self._distinct = {
            name: tuple(dict.fromkeys([name, *(one.service for one in mine if one.key == NODE)]))
            for name, mine in rules.items()
        }

    def apart(self, service: str) -> tuple[Apart, ...]:
        """What the service keeps away from."""
        return self._apart.get(service, ())

    def distinct(self, service: str) -> tuple[str, ...]:
        """The services that make a node special to this one: itself, and those it shares no node
        with."""
        return self._distinct.get(service) or (service,)

    def kinds(self) -> Iterator[tuple[NodeRoom, int]]:
        """One node of every class, whatever it holds, and how many are in its class."""
        self._file()
        for names in self._classes.values():
            yield self.nodes[names[0]], len(names)

    def holders(self, services: Sequence[str]) -> Collection[str]:
        """The names of nodes that hold one of these services at least."""
        if len(services) == 1:
            return self._holders.get(services[0], ())
        return set[str]().union(*(self._holders.get(service, ()) for service in services))

    def candidates(self, services: Sequence[str]) -> Iterator[NodeRoom]:
        """Every node that holds one of the services, and of those that do not the first of each
        class: all others are like one of these, and come after it by name."""
        self._file()
        holders = self.holders(services)
        for names in self._classes.values():
            for name in names:
                if name not in holders:
                    yield self.nodes[name]
                    break
        for name in holders:
            yield self.nodes[name]

    def successor(self, node: NodeRoom, services: Sequence[str]) -> NodeRoom | None:
        """The next node by name in this node's state that holds none of the services."""
        self._file()
        names = self._classes[self._filed[node.name]]
        holders = self.holders(services)
        for index in range(bisect_left(names, node.name) + 1, len(names)):
            if names[index] not in holders:
                return self.nodes[names[index]]
        return None

    def hold(self, replica: Replica) -> None:
        """Reserve what a replica holds."""
        self.add(replica.node, replica.id.service, *replica.holds)

    def release(self, replica: Replica) -> None:
        """Give back what a replica holds."""
        self.remove(replica.node, replica.id.service, *replica.holds)

    def add(
        self,
        node: str,
        service: str,
        cpu_millicores: int,
        memory_bytes: int,
        extended: Extended = (),
    ) -> None:
        """Reserve room for one replica."""
        self._change(node, service, cpu_millicores, memory_bytes, 1, extended)

    def remove(
        self,
        node: str,
        service: str,
        cpu_millicores: int,
        memory_bytes: int,
        extended: Extended = (),
    ) -> None:
        """Give the room of one replica back."""
        self._change(node, service, -cpu_millicores, -memory_bytes, -1, _negative(extended))

    def mark(self, name: str, *, schedulable: bool) -> None:
        """Let the node be used for what is placed from now on, or not."""
        node = self.nodes[name]
        node.schedulable = schedulable
        self._reshaped(node)

    def mark_down(self, name: str, *, down: bool) -> None:
        """The node has crashed, or is up again."""
        node = self.nodes[name]
        node.down = down
        (self.down.add if down else self.down.discard)(name)
        self._reshaped(node)

    def _reshaped(self, node: NodeRoom) -> None:
        self._shape[node.name] = self._shapes.setdefault(_shape(node), len(self._shapes))
        self._unfiled[node.name] = None

    def _change(
        self, name: str, service: str, cpu: int, memory: int, count: int, extended: Extended
    ) -> None:
        node = self.nodes.get(name)
        if node is None:
            return
        if self._journal is not None:
            self._journal.append((name, service, cpu, memory, count, extended))
        self._unfiled[name] = None
        node.cpu_used += cpu
        node.memory_used += memory
        node.count += count
        for resource, amount in extended:
            _count_up(node.extended_used, resource, amount)
        self._count(node, service, count)

    def _count(self, node: NodeRoom, service: str, count: int) -> None:
        at: tuple[str | None, str] = (node.zone, service)
        self._in_zone[at] = self._in_zone.get(at, 0) + count
        for key, counts in self._in_label.items():
            at = (node.domain(key), service)
            counts[at] = counts.get(at, 0) + count
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
        used = node.extended_used
        others = tuple(sorted(used.items())) if used else ()
        return self._shape[node.name], node.cpu_used, node.memory_used, node.count, others


def _shape(node: NodeRoom) -> Shape:
    """All of a node but its name and what it holds."""
    labels = frozenset(node.labels.items())
    has = node.cpu_millicores, node.memory_bytes
    extended = tuple(sorted(node.extended.items()))
    return node.zone, *has, node.schedulable, node.down, labels, node.taints, extended


def _count_up(amounts: dict[str, int], name: str, by: int) -> None:
    """Names of which there is nothing are left out: equal states look equal."""
    amounts[name] = amounts.get(name, 0) + by
    if not amounts[name]:
        del amounts[name]


def _negative(extended: Extended) -> Extended:
    return tuple((name, -amount) for name, amount in extended) if extended else ()
