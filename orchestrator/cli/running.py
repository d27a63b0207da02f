"""What runs, as the controller tells it, as nodes and what they hold."""

from collections.abc import Iterable

from orchestrator.core.packing.whatif import Box, Piece
from orchestrator.model.views import NodeView, ReplicaView

__all__ = ["boxes_of"]


def boxes_of(nodes: Iterable[NodeView], replicas: Iterable[ReplicaView]) -> tuple[Box, ...]:
    """Each node with the replicas that it holds now, by name."""
    inside: dict[str, list[Piece]] = {}
    for each in sorted(replicas, key=lambda one: (one.service, one.slot)):
        if each.node is not None:
            size = each.cpu_request_millicores, each.memory_request_bytes
            inside.setdefault(each.node, []).append(Piece(each.name, each.service, size))
    return tuple(
        Box(node.name, (node.cpu_millicores, node.memory_bytes), tuple(inside.get(node.name, ())))
        for node in nodes
    )
