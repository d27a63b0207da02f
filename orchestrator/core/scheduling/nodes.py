"""One node, as placement sees it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from orchestrator.model.placement import Taint
from orchestrator.model.state import Node

ZONE: Final = "zone"
NODE: Final = "node"


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
    taints: tuple[Taint, ...] = ()
    extended: Mapping[str, int] = field(default_factory=dict)
    """How many of each other resource it has."""
    extended_used: dict[str, int] = field(default_factory=dict)
    down: bool = False

    def domain(self, key: str) -> str | None:
        """What it shares with other nodes by a topology key: its zone, its name, a label's value;
        None without such a label."""
        if key == ZONE:
            return self.zone
        return self.name if key == NODE else self.labels.get(key)


def room_on(node: Node) -> NodeRoom:
    """The node with nothing on it."""
    return NodeRoom(
        name=node.name,
        zone=node.spec.zone,
        cpu_millicores=node.spec.reservable_cpu_millicores,
        memory_bytes=node.spec.reservable_memory_bytes,
        schedulable=node.schedulable,
        labels=node.spec.labels,
        taints=node.spec.taints,
        extended=dict(node.spec.capacity.extended),
        down=node.down,
    )
