"""A packing problem and a solution of it."""

from dataclasses import dataclass

__all__ = ["Groups", "Instance", "Packing", "Size", "TooLargeError", "groups"]

Size = tuple[int, ...]
Packing = tuple[tuple[int, ...], ...]  # of each bin in use, the indices of the items in it
Groups = dict[Size, list[int]]


class TooLargeError(ValueError):
    """An item that fits into no bin. `index` is its place in the order of arrival."""

    def __init__(self, index: int, size: Size, capacity: Size) -> None:
        self.index = index
        super().__init__(f"item {index} of size {size} does not fit an empty bin of {capacity}")


@dataclass(frozen=True, slots=True)
class Instance:
    """Items in their order of arrival, and the capacity of a bin; of bins there are enough.

    All sizes have the dimensions of the capacity, in the same units. Raises `TooLargeError` for
    an item no bin can hold, `ValueError` for a negative size, a wrong number of dimensions, or a
    capacity that is not positive.
    """

    capacity: Size
    items: tuple[Size, ...]

    def __post_init__(self) -> None:
        if not self.capacity or min(self.capacity) <= 0:
            raise ValueError(f"the capacity must be positive in each dimension: {self.capacity}")
        for index, size in enumerate(self.items):
            if len(size) != len(self.capacity):
                raise ValueError(f"item {index} has {len(size)} sizes, not {len(self.capacity)}")
            if min(size) < 0:
                raise ValueError(f"item {index} has a negative size: {size}")
            if any(part > whole for part, whole in zip(size, self.capacity, strict=True)):
                raise TooLargeError(index, size, self.capacity)

    def demand(self) -> Size:
        """The sum of the sizes, by dimension."""
        if not self.items:
            return (0,) * len(self.capacity)
        return tuple(map(sum, zip(*self.items, strict=True)))

    def weights(self) -> tuple[float, ...]:
        """How scarce a dimension is: the bins its demand would fill, for each unit of size.

        Source: Panigrahy, Talwar, Uyeda, Wieder: Heuristics for Vector Bin Packing, 2011 (the
        mean demand as weight of a dimension, sizes taken as shares of the capacity).
        """
        demand = self.demand()
        return tuple(
            total / whole / whole for total, whole in zip(demand, self.capacity, strict=True)
        )


def groups(instance: Instance) -> Groups:
    """The items by size: equal ones are one group, in their order of arrival."""
    found: Groups = {}
    for index, size in enumerate(instance.items):
        found.setdefault(size, []).append(index)
    return found
