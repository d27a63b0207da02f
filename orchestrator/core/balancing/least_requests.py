"""The idlest of a few, or of all.

Two random choices and the idler of them come close to the idlest of all, and do not send every
request to the same newcomer (Mitzenmacher, The Power of Two Choices in Randomized Load Balancing,
IEEE TPDS 12(10), 2001). Weighted as in nginx (least_conn): requests in flight / weight, and the
weights decide between equals. Were it (requests in flight + 1) / weight, light items would get
nothing at all while there is little to do.
"""

from bisect import bisect
from collections.abc import Callable, Collection, Sequence
from itertools import accumulate

from orchestrator.core.balancing.balancer import Balancer, T, checked, usable


class LeastRequests(Balancer[T]):
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

    def pick(self, exclude: Collection[object] = (), key: bytes = b"") -> T | None:  # noqa: ARG002
        """The item that takes the next request; None if all are excluded."""
        places = usable(self._items, exclude)
        if not places:
            return None
        drawn = self._drawn(places)
        pressures = [self._load(self._items[place]) / self._weights[place] for place in drawn]
        least = min(pressures)
        return self._items[
            self._lot([place for place, at in zip(drawn, pressures, strict=True) if at == least])
        ]

    def _drawn(self, places: list[int]) -> list[int]:
        """So many different ones at random; all of them, if there are no more."""
        if self._choices >= len(places):
            return places
        for at in range(self._choices):
            other = at + int(self._rand() * (len(places) - at))
            places[at], places[other] = places[other], places[at]
        return places[: self._choices]

    def _lot(self, places: list[int]) -> int:
        if len(places) == 1:
            return places[0]
        sums = list(accumulate(self._weights[place] for place in places))
        return places[bisect(sums, int(self._rand() * sums[-1]))]
