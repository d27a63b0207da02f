"""Smooth weighted round robin. Deterministic: no clock, no randomness."""

from collections.abc import Collection, Sequence
from itertools import cycle, islice
from typing import Generic

from orchestrator.core.balancing.balancer import T, checked


class RoundRobin(Generic[T]):
    """Smooth weighted round robin.

    In every run of sum(weights) picks each item is picked as often as its weight says, and the
    picks of a heavy item are spread out: weights 5, 1, 1 give a a b a c a a.
    Source: nginx, src/http/ngx_http_upstream_round_robin.c (commit 52327e0627f4).
    """

    def __init__(self, items: Sequence[T], weights: Sequence[int] | None = None) -> None:
        """`weights`: one whole number from 1 for each item. Raises `ValueError`."""
        self._items = tuple(items)
        self._credits = [0] * len(items)
        self._turns = cycle(self._items)
        self._weights: tuple[int, ...] = ()
        self.reweigh(weights or [1] * len(items))

    def reweigh(self, weights: Sequence[int]) -> None:
        """Other weights from now on. Raises `ValueError`."""
        # Credits count in weights. Without a change of scale, those of weights in the hundreds
        # would give one item dozens of turns in a row once the weights are 1 and 2.
        scale = sum(weights) / (sum(self._weights) or 1)
        self._weights = checked(weights, self._items)
        self._credits = [round(credit * scale) for credit in self._credits]
        self._equal = len(set(weights)) < 2

    def pick(self, exclude: Collection[object] = (), _key: bytes = b"") -> T | None:
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
