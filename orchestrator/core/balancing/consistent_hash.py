"""A ring: the same key goes to the same item, and most keys stay when items come or go.

Karger et al., Consistent Hashing and Random Trees, STOC 1997; with bounded loads as in Mirrokni,
Thorup and Zadimoghaddam, Consistent Hashing with Bounded Loads, SODA 2018: what would overload its
item goes on to the next one on the ring.
"""

from bisect import bisect
from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import blake2b
from math import ceil
from typing import Final

from orchestrator.core.balancing.balancer import Balancer, T, checked

POINTS: Final = 160
"""Of an item of weight 1, as in nginx and ketama: shares are then even within some 10%."""
MAX_POINTS: Final = 256 * POINTS
"""Of a ring whose weights add up to more than 256: making 1.6 million takes a second and more."""
_PER_DIGEST: Final = 8


class ConsistentHash(Balancer[T]):
    """`names[i]` puts item i on the ring; `load(item)`: its requests in flight."""

    def __init__(
        self,
        items: Sequence[T],
        names: Sequence[str],
        load: Callable[[T], int],
        balance_percent: int = 125,
        weights: Sequence[int] | None = None,
    ) -> None:
        """No item gets more than `balance_percent` of its share of the load. Raises `ValueError`
        on bad weights."""
        self._items = tuple(items)
        self._load = load
        self._percent = balance_percent
        self.reweigh(weights or [1] * len(items))
        each = max(1, min(POINTS, MAX_POINTS // max(1, sum(self._weights))))
        points = sorted(
            (point, place)
            for place, (name, weight) in enumerate(zip(names, self._weights, strict=True))
            for point in _points(name, each * weight)
        )
        self._points = [point for point, _ in points]
        self._owners = [place for _, place in points]

    def reweigh(self, weights: Sequence[int]) -> None:
        """Other bounds on the load from now on; the ring stays. Raises `ValueError`."""
        self._weights = checked(weights, self._items)

    def pick(self, exclude: Collection[object] = (), key: bytes = b"") -> T | None:
        """The item for `key`, or the next one with room; None if all are excluded."""
        usable = [place for place, item in enumerate(self._items) if item not in exclude]
        if not usable:
            return None
        if len(usable) == 1:
            return self._items[usable[0]]
        bound = self._bounds(usable)
        allowed = set(usable)
        for place in self._from(key):
            if place in allowed and self._load(self._items[place]) < bound[place]:
                return self._items[place]
        raise AssertionError("the bounds add up to more than the load: one has room")

    def _bounds(self, usable: list[int]) -> dict[int, int]:
        """Requests in flight that each may have, this one included."""
        total = sum(self._load(self._items[place]) for place in usable) + 1
        weight = sum(self._weights[place] for place in usable)
        # In whole numbers: 1.1 * 50 is a little more than 55, and its ceiling one too many.
        share, whole = self._percent * total, 100 * weight
        return {place: -(-share * self._weights[place] // whole) for place in usable}

    def _from(self, key: bytes) -> Iterator[int]:
        """The items in the order in which the ring offers them to a key; some of them often."""
        owners = self._owners
        start = bisect(self._points, _hash(key))
        for at in range(start - len(owners), start):
            yield owners[at]


def _hash(key: bytes) -> int:
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big")


def _points(name: str, count: int) -> Iterator[int]:
    """`count` numbers of 64 bits, each digest cut into eight of them."""
    for number in range(ceil(count / _PER_DIGEST)):
        digest = blake2b(f"{name}-{number}".encode()).digest()
        for at in range(0, min(_PER_DIGEST, count - number * _PER_DIGEST) * 8, 8):
            yield int.from_bytes(digest[at : at + 8], "big")
