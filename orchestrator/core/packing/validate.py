"""The judge: whether a packing is one. Shares no code with what packs."""

from collections import Counter
from collections.abc import Iterator, Sequence

__all__ = ["box_faults", "faults"]


def faults(
    capacity: Sequence[int],
    items: Sequence[Sequence[int]],
    bins: Sequence[Sequence[int]],
    optimum: int | None = None,
) -> Iterator[str]:
    """What is wrong with `bins`, a list of item indices for each bin: nothing if it is right.

    Every item is in one bin once, no bin is over its capacity in any dimension and none is
    empty. Fewer bins than a known optimum are a fault of the bookkeeping.
    """
    seen = Counter(index for inside in bins for index in inside)
    for index in range(len(items)):
        if seen[index] != 1:
            yield f"item {index} is packed {seen[index]} times"
    for index in seen:
        if not 0 <= index < len(items):
            yield f"there is no item {index}"
    for number, inside in enumerate(bins):
        known = [items[index] for index in inside if 0 <= index < len(items)]
        for dimension, whole in enumerate(capacity):
            if (used := sum(size[dimension] for size in known)) > whole:
                yield f"bin {number} holds {used} of {whole} in dimension {dimension}"
        if not inside:
            yield f"bin {number} is empty"
    if optimum is not None and len(bins) < optimum:
        yield f"{len(bins)} bins are fewer than the optimum of {optimum}"


def box_faults(name: str, capacity: Sequence[int], sizes: Sequence[Sequence[int]]) -> Iterator[str]:
    """What is wrong with one node that holds these sizes: nothing if they fit."""
    for dimension, whole in enumerate(capacity):
        if (used := sum(size[dimension] for size in sizes)) > whole:
            yield f"{name} holds {used} of {whole} in dimension {dimension}"
