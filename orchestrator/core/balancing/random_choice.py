"""Weighted lots: what a balancer without any memory does."""

from bisect import bisect
from collections.abc import Callable, Collection, Sequence
from itertools import accumulate

from orchestrator.core.balancing.balancer import Balancer, T, checked, usable


class RandomChoice(Balancer[T]):
    """Each item with the probability that its weight gives it. `rand()`: from 0 to below 1."""

    def __init__(
        self, items: Sequence[T], rand: Callable[[], float], weights: Sequence[int] | None = None
    ) -> None:
        """Raises `ValueError` on bad weights."""
        self._items = tuple(items)
        self._rand = rand
        self.reweigh(weights or [1] * len(items))

    def reweigh(self, weights: Sequence[int]) -> None:
        """Other weights from now on. Raises `ValueError`."""
        self._weights = checked(weights, self._items)
        self._sums = list(accumulate(self._weights))

    def pick(self, exclude: Collection[object] = (), key: bytes = b"") -> T | None:  # noqa: ARG002
        """The item that takes the next request; None if all are excluded."""
        if not exclude and self._items:
            return self._items[bisect(self._sums, int(self._rand() * self._sums[-1]))]
        places = usable(self._items, exclude)
        if not places:
            return None
        sums = list(accumulate(self._weights[place] for place in places))
        return self._items[places[bisect(sums, int(self._rand() * sums[-1]))]]
