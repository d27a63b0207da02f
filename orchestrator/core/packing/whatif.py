"""What if these replicas were placed on these nodes: the question, and an answer node by node.

Sizes are (millicores, bytes) for replicas, and what an instance says for its items.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.core.packing.instance import Instance, Packing, Size
from orchestrator.core.packing.validate import box_faults
from orchestrator.core.scheduling import Cluster, Request, place_batch
from orchestrator.core.scheduling.apart import rules_among
from orchestrator.model.spec import NodeSpec, PlacementSpec, ServiceSpec
from orchestrator.model.state import Node

__all__ = [
    "Box",
    "Demand",
    "Outcome",
    "Piece",
    "Unplaced",
    "boxes_of",
    "by_size",
    "pieces_of",
    "place_online",
    "place_packing",
    "why_not_by_size",
    "wrong",
]


@dataclass(frozen=True, slots=True)
class Demand:
    """Equal replicas in their order: what the first asks for, and the names of all."""

    request: Request
    names: tuple[str, ...]
    spec: ServiceSpec | None = None
    """The service it is of: whom it keeps apart from."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One replica or item. `owner` is its service, and what it has its colour from."""

    name: str
    owner: str
    size: Size


@dataclass(frozen=True, slots=True)
class Box:
    """One node and what it holds."""

    name: str
    capacity: Size
    pieces: tuple[Piece, ...] = ()

    @property
    def used(self) -> Size:
        """The sum of what it holds, by dimension."""
        return tuple(
            sum(piece.size[dimension] for piece in self.pieces)
            for dimension in range(len(self.capacity))
        )

    @property
    def left(self) -> Size:
        """What is not used, by dimension."""
        return tuple(map(int.__sub__, self.capacity, self.used))


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A piece that found no node, and why."""

    piece: Piece
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer of one method. `boxes` are all nodes in the order given, empty ones too."""

    method: str
    boxes: tuple[Box, ...]
    unplaced: tuple[Unplaced, ...] = ()

    @property
    def occupied(self) -> tuple[Box, ...]:
        """The nodes that hold something."""
        return tuple(box for box in self.boxes if box.pieces)


def pieces_of(demands: Sequence[Demand]) -> tuple[Piece, ...]:
    """All replicas in their order."""
    return tuple(piece for demand in demands for piece in _pieces(demand))


def boxes_of(nodes: Mapping[str, Node]) -> tuple[Box, ...]:
    """The nodes, empty."""
    specs = {name: node.spec for name, node in nodes.items()}
    return tuple(
        Box(name, (each.reservable_cpu_millicores, each.reservable_memory_bytes))
        for name, each in specs.items()
    )


def place_online(
    demands: Sequence[Demand],
    nodes: Mapping[str, Node],
    method: str,
    policy: str = "",
    seed: int = 0,
) -> Outcome:
    """As the controller would, one replica after the other, by `policy` or else by what each
    service asks for. Every rule of placement holds."""
    cluster = Cluster.of(nodes, ())
    cluster.keep_apart(rules_among(demand.spec for demand in demands if demand.spec))
    inside: dict[str, list[Piece]] = {name: [] for name in nodes}
    unplaced: list[Unplaced] = []
    for demand in demands:
        request = demand.request
        request = replace(request, policy=policy, seed=seed) if policy else request
        slots = range(request.slot, request.slot + len(demand.names))
        batch = place_batch(request, slots, cluster)
        pieces = _pieces(demand)
        for node, piece in zip(batch.nodes, pieces, strict=False):
            inside[node].append(piece)
        if batch.refusal is not None:
            rest = pieces[len(batch.nodes) :]
            unplaced += [Unplaced(piece, batch.refusal.reason) for piece in rest]
    boxes = tuple(replace(box, pieces=tuple(inside[box.name])) for box in boxes_of(nodes))
    return Outcome(method, boxes, tuple(unplaced))


def place_packing(
    method: str, pieces: Sequence[Piece], boxes: Sequence[Box], packing: Packing
) -> Outcome:
    """A packing (indices of `pieces`) laid into the boxes, the first bin into the first one. What
    is in bins beyond the last box, or in none, is unplaced."""
    filled = tuple(
        replace(box, pieces=tuple(pieces[index] for index in inside))
        for box, inside in zip(boxes, packing, strict=False)
    )
    short = f"{method} needs {len(packing)} nodes, and there are {len(boxes)}."
    packed = {index for inside in packing for index in inside}
    over = [index for inside in packing[len(boxes) :] for index in inside]
    unplaced = [Unplaced(pieces[index], short) for index in sorted(over)]
    unplaced += [
        Unplaced(piece, "It is larger than a node.")
        for index, piece in enumerate(pieces)
        if index not in packed
    ]
    return Outcome(method, (*filled, *boxes[len(filled) :]), tuple(unplaced))


def why_not_by_size(demands: Sequence[Demand], nodes: Mapping[str, Node]) -> str:
    """Why rules that know only sizes and equal nodes cannot place these; "" if they can."""
    labels = [node.spec.labels.items() for node in nodes.values()]
    for demand in demands:
        asked = demand.request
        if all(asked.node_selector.items() <= each for each in labels):
            asked = replace(asked, node_selector={})
        plain = Request(
            service=asked.service,
            slot=asked.slot,
            cpu_millicores=asked.cpu_millicores,
            memory_bytes=asked.memory_bytes,
            policy=asked.policy,
            seed=asked.seed,
        )
        placement = demand.spec.placement if demand.spec else PlacementSpec()
        if asked != plain or placement.anti_affinity or placement.host_ports:
            return f"{asked.service} has rules of placement besides its size"
    specs = [node.spec for node in nodes.values()]
    if len({spec.capacity for spec in specs}) > 1:
        return "the nodes are not of one size"
    if not all(node.schedulable and _only_room(node.spec) for node in nodes.values()):
        return "not every node takes every replica"
    return ""


def _only_room(spec: NodeSpec) -> bool:
    """Whether a node is nothing but its capacity; where it is and what it is called is no matter
    to those who do not ask for it."""
    plain = NodeSpec.model_construct(
        name=spec.name, capacity=spec.capacity, zone=spec.zone, labels=spec.labels
    )
    return spec == plain


def wrong(outcome: Outcome, pieces: Sequence[Piece]) -> Iterator[str]:
    """What is wrong with an outcome, by the judge and by count: nothing if it is right."""
    seen = Counter(piece for box in outcome.boxes for piece in box.pieces)
    seen.update(one.piece for one in outcome.unplaced)
    if seen != Counter(pieces):
        yield "it does not tell of every replica once"
    for box in outcome.occupied:
        yield from box_faults(box.name, box.capacity, [piece.size for piece in box.pieces])


def by_size(pieces: Sequence[Piece], capacity: Size) -> tuple[Instance, tuple[int, ...]]:
    """The packing problem of the pieces that fit an empty node, and their indices."""
    fitting = tuple(
        index
        for index, piece in enumerate(pieces)
        if all(part <= whole for part, whole in zip(piece.size, capacity, strict=True))
    )
    return Instance(capacity, tuple(pieces[index].size for index in fitting)), fitting


def _pieces(demand: Demand) -> tuple[Piece, ...]:
    asked = demand.request
    size = asked.cpu_millicores, asked.memory_bytes
    return tuple(Piece(name, asked.service, size) for name in demand.names)
