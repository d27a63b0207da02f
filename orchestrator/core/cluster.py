"""Nodes and what is in use on them: a small working copy that one decision changes as it goes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from orchestrator.model.state import Node, Phase, Replica


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


class Cluster:
    """All nodes by name. What runs on a node that is no more uses nothing here."""

    def __init__(self, nodes: Mapping[str, NodeRoom]) -> None:
        self.nodes = nodes
        self._in_zone: dict[tuple[str, str], int] = {}

    @classmethod
    def of(cls, nodes: Mapping[str, Node], replicas: Iterable[Replica]) -> "Cluster":
        """These nodes with what every replica not yet EXITED holds on them."""
        cluster = cls({name: _room(node) for name, node in sorted(nodes.items())})
        for replica in replicas:
            if replica.phase is not Phase.EXITED:
                cluster.hold(replica)
        return cluster

    def in_zone(self, zone: str, service: str) -> int:
        """How many replicas of the service the zone holds."""
        return self._in_zone.get((zone, service), 0)

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

    def _change(self, name: str, service: str, cpu: int, memory: int, count: int) -> None:
        node = self.nodes.get(name)
        if node is None:
            return
        node.cpu_used += cpu
        node.memory_used += memory
        node.replicas[service] = node.replicas.get(service, 0) + count
        key = (node.zone, service)
        self._in_zone[key] = self._in_zone.get(key, 0) + count


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
