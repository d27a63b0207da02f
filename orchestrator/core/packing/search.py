"""Ruin and recreate: a packing improved while there is time.

One bin is dissolved into a pool; then, again and again, a few bins are emptied and filled anew
from their items and the pool, and the change is kept unless the pool grew. An empty pool is a
packing of one bin less, and the next bin is dissolved. It can be stopped at any time.
Source of bins and pool: Buljubašić and Vasquez: Consistent neighborhood search for
one-dimensional bin packing and two-dimensional vector packing, 2016; filling anew in a random
order takes the place of their swaps.
"""

from collections.abc import Callable
from typing import Final, Protocol

from orchestrator.core.packing.bounds import lower_bound
from orchestrator.core.packing.instance import Instance, Packing, Size

__all__ = ["Draw", "improve"]

STEPS_PER_LOOK: Final = 64  # steps between two looks at the clock
# In mean item weights; ten times the allowance costs 0.5% more bins at one second.
WORSE: Final = 0.02
SHUFFLE: Final = 1.0


class Draw(Protocol):
    """The part of `random.Random` that the search needs, seeded by the caller."""

    def random(self) -> float:
        """The next number, 0 ≤ x < 1."""
        ...


def improve(
    instance: Instance, packing: Packing, draw: Draw, time_left: Callable[[], bool]
) -> Packing:
    """The packing, or one of fewer bins found before `time_left` (asked every 64 steps) says no.

    The same draws and number of steps give the same packing: time only decides when to stop.
    """
    bound = lower_bound(instance)
    search = _Search(instance, draw, time_left)
    best = packing
    while len(best) > bound and (found := search.one_less(best)) is not None:
        best = found
    return best


class _Search:
    def __init__(self, instance: Instance, draw: Draw, time_left: Callable[[], bool]) -> None:
        self._draw = draw.random
        self._time_left = time_left
        # Sizes as one integer, a guard bit above each field: one subtraction and one test say
        # whether an item fits, whatever the number of dimensions.
        width = max(instance.capacity).bit_length() + 1
        self._guard = sum(1 << (i * width + width - 1) for i in range(len(instance.capacity)))
        self._empty = _packed(instance.capacity, width) | self._guard
        self._codes = [_packed(size, width) for size in instance.items]
        self._weights = _item_weights(instance)

    def one_less(self, packing: Packing) -> Packing | None:
        """A packing of one bin less; None when time is up first."""
        bins = [list(inside) for inside in packing]
        pool = bins.pop(min(range(len(bins)), key=lambda number: self._weight(bins[number])))
        pool_weight = self._weight(pool)
        step = 0
        while pool:
            if step % STEPS_PER_LOOK == 0 and not self._time_left():
                return None
            step += 1
            chosen = self._choose(len(bins))
            filled, rest = self._fill(self._shuffled(chosen, bins, pool), len(chosen))
            weight = self._weight(rest)
            if weight <= pool_weight + WORSE * self._draw():
                pool, pool_weight = rest, weight
                for number, inside in zip(chosen, filled, strict=True):
                    bins[number] = inside
        return tuple(tuple(inside) for inside in bins if inside)

    def _weight(self, items: list[int]) -> float:
        weights = self._weights
        return sum([weights[item] for item in items])

    def _choose(self, bins: int) -> list[int]:
        """Two or three bins, all if there are no more."""
        wanted = min(bins, 2 if self._draw() < 0.5 else 3)
        chosen: set[int] = set()
        while len(chosen) < wanted:
            chosen.add(int(self._draw() * bins))
        return sorted(chosen)

    def _shuffled(self, chosen: list[int], bins: list[list[int]], pool: list[int]) -> list[int]:
        """The items of the pool and the bins, the large ones rather first."""
        items = [*pool]
        for number in chosen:
            items += bins[number]
        draw, weights = self._draw, self._weights
        chance = SHUFFLE * draw()
        return [
            item
            for _, item in sorted(
                [(weights[item] + chance * draw(), item) for item in items], reverse=True
            )
        ]

    def _fill(self, items: list[int], bins: int) -> tuple[list[list[int]], list[int]]:
        """Each bin in turn with what fits, in the order given; and the items left over."""
        codes, guard = self._codes, self._guard
        filled = []
        for _ in range(bins):
            left, inside, rest = self._empty, [], []
            for item in items:
                after = left - codes[item]
                if after & guard == guard:
                    left = after
                    inside.append(item)
                else:
                    rest.append(item)
            filled.append(inside)
            items = rest
        return filled, items


def _packed(size: Size, width: int) -> int:
    return sum(part << (number * width) for number, part in enumerate(size))


def _item_weights(instance: Instance) -> list[float]:
    """How much of the scarce dimensions an item takes; 1 on average."""
    by_dimension = instance.weights()
    weights = [
        sum(x * w for x, w in zip(size, by_dimension, strict=True)) for size in instance.items
    ]
    mean = sum(weights) / len(weights) if any(weights) else 1.0
    return [weight / mean for weight in weights]
