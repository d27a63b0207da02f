"""What runs, as the controller tells it, as nodes and what they hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from orchestrator.core.packing.whatif import Box, Piece
from orchestrator.model.views import NodeView, ReplicaView

__all__ = ["boxes_of", "moved"]


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


def moved(boxes: Sequence[Box], targets: Mapping[str, str]) -> tuple[Box, ...]:
    """The same once each replica named is on its target."""
    pieces = [(box.name, piece) for box in boxes for piece in box.pieces]
    return tuple(
        replace(
            box,
            pieces=tuple(
                piece for node, piece in pieces if targets.get(piece.name, node) == box.name
            ),
        )
        for box in boxes
    )
