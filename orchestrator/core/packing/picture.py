"""A node as a picture: where each replica stands in the box of CPU × RAM."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.core.packing.whatif import Box, Piece

__all__ = ["Stair", "owners", "stairs"]


@dataclass(frozen=True, slots=True)
class Stair:
    """A replica's rectangle. All are shares of the box, from its lower left corner."""

    piece: Piece
    x: float
    y: float
    width: float
    height: float


def stairs(box: Box) -> tuple[Stair, ...]:
    """The replicas corner to corner, as stairs from the lower left: each as wide as its share of
    the CPU and as high as its share of the memory.

    Sizes of replicas add up in each dimension by itself; they do not lie in a plane. So the stairs
    end where both sums end: what is right of their end is CPU that is left, what is above it is
    memory, and a replica fits if its rectangle does into the upper right corner. An instance of
    more dimensions shows its first two, of one dimension that one twice.
    """
    x_whole, y_whole = box.capacity[0], box.capacity[min(1, len(box.capacity) - 1)]
    found, x, y = [], 0, 0
    for piece in _together(box.pieces):
        width, height = piece.size[0], piece.size[min(1, len(piece.size) - 1)]
        shares = x / x_whole, y / y_whole, width / x_whole, height / y_whole
        found.append(Stair(piece, *shares))
        x, y = x + width, y + height
    return tuple(found)


def owners(boxes: Sequence[Box]) -> dict[str, int]:
    """A number for each service, by name: its colour, the same in every picture of these."""
    names = sorted({piece.owner for box in boxes for piece in box.pieces})
    return {name: number for number, name in enumerate(names)}


def _together(pieces: Sequence[Piece]) -> list[Piece]:
    """Replicas of one service side by side, otherwise in their order."""
    first: dict[str, int] = {}
    for piece in pieces:
        first.setdefault(piece.owner, len(first))
    return sorted(pieces, key=lambda piece: first[piece.owner])
