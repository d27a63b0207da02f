"""Lower bounds: no packing has fewer bins."""

from collections.abc import Sequence
from itertools import combinations

from orchestrator.core.packing.instance import Instance

__all__ = ["lower_bound"]

CLIQUE_ITEMS = 600  # beyond it the pairs are too many to look at
THRESHOLDS = 200


def lower_bound(instance: Instance) -> int:
    """The greatest of the bounds: volume and dual feasible functions by dimension, conflicts."""
    dimensions = zip(*instance.items, strict=True) if instance.items else ()
    single = [
        _dual_feasible(sizes, whole)
        for sizes, whole in zip(dimensions, instance.capacity, strict=bool(instance.items))
    ]
    return max([0, *single, _conflicts(instance)])


def _dual_feasible(sizes: Sequence[int], capacity: int) -> int:
    """L2 of Martello and Toth in one dimension, as the dual feasible function that takes items
    over C − t for whole bins, and those below t for nothing; t = 0 is the volume bound.

    Source: Fekete and Schepers: New classes of fast lower bounds for bin packing problems, 2001.
    """
    thresholds = sorted({0, *(size for size in sizes if 2 * size <= capacity)})
    step = -(-len(thresholds) // THRESHOLDS)
    return max(_rounded(sizes, capacity, t) for t in thresholds[::step])


def _rounded(sizes: Sequence[int], capacity: int, threshold: int) -> int:
    whole = sum(1 for size in sizes if size > capacity - threshold)
    middle = sum(size for size in sizes if threshold <= size <= capacity - threshold)
    return whole - (-middle // capacity)


def _conflicts(instance: Instance) -> int:
    """Items of which no two fit one bin: a clique of the conflicts, found greedily."""
    if not 0 < len(instance.items) <= CLIQUE_ITEMS:
        return min(1, len(instance.items))
    enemies: list[set[int]] = [set() for _ in instance.items]
    for (a, first), (b, second) in combinations(enumerate(instance.items), 2):
        if any(x + y > c for x, y, c in zip(first, second, instance.capacity, strict=True)):
            enemies[a].add(b)
            enemies[b].add(a)
    order = sorted(range(len(enemies)), key=lambda index: -len(enemies[index]))
    clique: set[int] = set()
    for index in order:
        if clique <= enemies[index]:
            clique.add(index)
    return len(clique)
