"""Rules that place one item after another and look at nothing to come.

Each ranks the open bins an item fits into; a new bin is opened only when there is none. With
u = used/capacity once the item is placed and f = 1 − u, a greater score is better and the first
bin wins a tie.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from orchestrator.core.packing.instance import Instance, Packing, Size

__all__ = ["ONLINE", "pack_online"]

Score = Callable[[Size, Size], float]


def most_allocated(left: Size, capacity: Size) -> float:
    """Kubernetes' MostAllocated: the mean of ⌊100·u⌋, weights 1 each."""
    return sum(100 * (c - r) // c for r, c in zip(left, capacity, strict=True)) // len(left)


def least_allocated(left: Size, capacity: Size) -> float:
    """Kubernetes' default, LeastAllocated: the mean of ⌊100·f⌋."""
    return sum(100 * r // c for r, c in zip(left, capacity, strict=True)) // len(left)


def nomad(left: Size, capacity: Size) -> float:
    """Nomad's binpack, 20 − Σ10^f in two dimensions; not clamped, which orders no bin anew."""
    return -math.fsum(10.0 ** (r / c) for r, c in zip(left, capacity, strict=True))


def most_balanced(left: Size, capacity: Size) -> float:
    """MostAllocated plus BalancedAllocation, ⌊100·(1 − std of u)⌋."""
    used = [1 - r / c for r, c in zip(left, capacity, strict=True)]
    mean = sum(used) / len(used)
    deviation = (sum((u - mean) ** 2 for u in used) / len(used)) ** 0.5
    return most_allocated(left, capacity) + int(100 * (1 - deviation))


def first_fit(_left: Size, _capacity: Size) -> float:
    """All bins alike: the first one wins."""
    return 0.0


ONLINE: Final[Mapping[str, Score]] = {
    "first-fit": first_fit,
    "most-allocated": most_allocated,
    "nomad": nomad,
    "binpack": most_balanced,
    "least-allocated": least_allocated,
}


def pack_online(instance: Instance, score: Score, order: Iterable[int] | None = None) -> Packing:
    """The items in the order given (of arrival, if none), each into the bin of the best score."""
    capacity = instance.capacity
    left: list[Size] = []
    bins: list[list[int]] = []
    for index in range(len(instance.items)) if order is None else order:
        best = _best(instance.items[index], left, capacity, score)
        if best is None:
            best = len(bins)
            bins.append([])
            left.append(capacity)
        bins[best].append(index)
        left[best] = tuple(map(int.__sub__, left[best], instance.items[index]))
    return tuple(map(tuple, bins))


def _best(size: Size, left: list[Size], capacity: Size, score: Score) -> int | None:
    best, highest = None, float("-inf")
    for number, room in enumerate(left):
        after = tuple(map(int.__sub__, room, size))
        if min(after) < 0:
            continue
        if score is first_fit:
            return number
        if (points := score(after, capacity)) > highest:
            best, highest = number, points
    return best
