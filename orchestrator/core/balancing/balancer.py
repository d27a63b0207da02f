"""What every balancing algorithm can do."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Balancer(ABC, Generic[T]):
    """Spreads requests over the items it was made with."""

    @abstractmethod
    def pick(self, exclude: Collection[object] = (), key: bytes = b"") -> T | None:
        """The item that takes the next request; None if all are excluded. `key`: what the
        request is hashed by, where the algorithm hashes."""

    @abstractmethod
    def reweigh(self, weights: Sequence[int]) -> None:
        """Other weights from now on. Raises `ValueError`."""


def checked(weights: Sequence[int], items: Sequence[object]) -> tuple[int, ...]:
    """The weights, if there is a whole number from 1 for each item. Raises `ValueError`."""
    if len(weights) != len(items) or any(weight < 1 for weight in weights):
        raise ValueError("one weight of at least 1 for each item")
    return tuple(weights)


def usable(items: Sequence[T], exclude: Collection[object]) -> list[int]:
    """Where the items stand that are not excluded."""
    return [place for place, item in enumerate(items) if item not in exclude]
