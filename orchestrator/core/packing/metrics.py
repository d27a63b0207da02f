"""How good an outcome is: nodes against the bound, and what is left of the nodes in use."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orchestrator.core.packing.bounds import lower_bound
from orchestrator.core.packing.instance import Size
from orchestrator.core.packing.whatif import Box, Outcome, Piece, by_size

__all__ = ["Metrics", "fewest_nodes", "measure", "most_needed"]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Sizes are by dimension, in the units of the question.

    `used` and `held` are demand and capacity of the nodes in use. `stranded` is what no replica
    of the mix could use (see `stranded`). `largest` is the most room that one node has left.
    """

    nodes: int
    bound: int
    used: Size
    held: Size
    stranded: Size
    largest: Size
    unplaced: int

    @property
    def ratio(self) -> float | None:
        """Nodes in use for each node of the bound, which is of all replicas: None unless all of
        them are placed."""
        return None if self.unplaced or not self.bound else self.nodes / self.bound


def measure(outcome: Outcome, mix: Iterable[Size], bound: int) -> Metrics:
    """The metrics of an outcome. `mix`: the sizes that replicas have; `bound`: no method needs
    fewer nodes."""
    occupied = outcome.occupied
    dimensions = len(outcome.boxes[0].capacity) if outcome.boxes else 0
    return Metrics(
        nodes=len(occupied),
        bound=bound,
        used=_sum([box.used for box in occupied], dimensions),
        held=_sum([box.capacity for box in occupied], dimensions),
        stranded=stranded(occupied, set(mix), dimensions),
        largest=largest(outcome.boxes),
        unplaced=len(outcome.unplaced),
    )


def stranded(occupied: Sequence[Box], mix: set[Size], dimensions: int) -> Size:
    """What is left of nodes in use on which no replica of the mix fits any more.

    Source: the fragmentation of Weng et al.: Beware of Fragmentation (FGD), USENIX ATC 2023, where
    the room of a node that a task cannot run on is a fragment to that task; here to all of them.
    """
    lefts = [box.left for box in occupied]
    useless = [left for left in lefts if not any(_fits(size, left) for size in mix)]
    return _sum(useless, dimensions)


def largest(boxes: Sequence[Box]) -> Size:
    """The room of the node with most of it: by the smaller of its shares, then by their sum."""

    def roominess(box: Box) -> tuple[float, float]:
        shares = [left / whole for left, whole in zip(box.left, box.capacity, strict=True)]
        return min(shares), sum(shares)

    return max(boxes, key=roominess).left if boxes else ()


def fewest_nodes(pieces: Sequence[Piece], capacities: Sequence[Size]) -> int:
    """No method places all the pieces on fewer nodes; what fits no node at all is left out.

    Of unequal nodes: so many of the largest that their sum holds the demand, in each dimension.
    """
    if not pieces or not capacities:
        return 0
    if len(set(capacities)) == 1:
        return lower_bound(by_size(pieces, capacities[0])[0])
    sizes = [
        piece.size for piece in pieces if any(_fits(piece.size, each) for each in set(capacities))
    ]
    return most_needed(tuple(map(sum, zip(*sizes, strict=True))), capacities) if sizes else 0


def most_needed(demand: Size, capacities: Sequence[Size]) -> int:
    """The bound by volume alone: so many of the largest nodes hold the demand, in the dimension
    that needs most of them. All, if they do not hold it."""
    rooms = [sorted(room, reverse=True) for room in zip(*capacities, strict=True)]
    return max(
        (_needed(asked, room) for asked, room in zip(demand, rooms, strict=False)), default=0
    )


def _needed(demand: int, rooms: Sequence[int]) -> int:
    if not demand:
        return 0
    held = 0
    for count, room in enumerate(rooms, 1):
        held += room
        if held >= demand:
            return count
    return len(rooms)


def _fits(size: Size, room: Size) -> bool:
    return all(part <= whole for part, whole in zip(size, room, strict=True))


def _sum(sizes: Sequence[Size], dimensions: int) -> Size:
    return tuple(map(sum, zip(*sizes, strict=True))) if sizes else (0,) * dimensions
