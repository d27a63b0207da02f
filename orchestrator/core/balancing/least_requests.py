"""The idlest of a few, or of all.

Two random choices and the idler of them come close to the idlest of all, and do not send every
request to the same newcomer (Mitzenmacher, The Power of Two Choices in Randomized Load Balancing,
IEEE TPDS 12(10), 2001). Weighted as in Envoy: the load is (requests in flight + 1) / weight.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Generic

from orchestrator.core.balancing.balancer import T, checked, usable


class LeastRequests(Generic[T]):
    """`load(item)`: its requests in flight. `rand()`: from 0 to below 1."""

    def __init__(
        self,
        items: Sequence[T],
        load: Callable[[T], int],
        rand: Callable[[], float],
        choices: int = 2,
        weights: Sequence[int] | None = None,
    ) -> None:
        """`choices`: how many are compared, from 2. Raises `ValueError` on bad weights."""
        self._items = tuple(items)
        self._load = load
        self._rand = rand
        self._choices = choices
        self.reweigh(weights or [1] * len(items))

    def reweigh(self, weights: Sequence[int]) -> None:
        """Other weights from now on. Raises `ValueError`."""
        self._weights = checked(weights, self._items)

    def pick(self, exclude: Collection[object] = (), _key: bytes = b"") -> T | None:
        """The item that takes the next request; None if all are excluded."""
        places = usable(self._items, exclude)
        if not places:
            return None
        return self._items[min(self._drawn(places), key=self._pressure)]

    def _drawn(self, places: list[int]) -> list[int]:
        """So many different ones in random order: of equally idle ones the first is taken."""
        count = min(self._choices, len(places))
        for at in range(count):
            other = at + int(self._rand() * (len(places) - at))
            places[at], places[other] = places[other], places[at]
        return places[:count]

    def _pressure(self, place: int) -> float:
        return (self._load(self._items[place]) + 1) / self._weights[place]
