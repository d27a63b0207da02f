"""How large a simulated cluster is."""

from dataclasses import dataclass
from typing import Final

SMALLER: Final = 10


@dataclass(frozen=True, slots=True)
class Size:
    """So many services of so many replicas on so many nodes."""

    services: int = 1_000
    replicas: int = 100
    nodes: int = 10_000

    @classmethod
    def parse(cls, text: str) -> "Size":
        """`1000x100x10000`. Raises `ValueError`."""
        services, replicas, nodes = (int(part) for part in text.split("x"))
        return cls(services, replicas, nodes)

    @property
    def total(self) -> int:
        """Replicas of all services."""
        return self.services * self.replicas

    @property
    def smaller(self) -> "Size":
        """A tenth of the nodes and of what runs on them."""
        return Size(max(1, self.services // SMALLER), self.replicas, self.nodes // SMALLER)


FULL: Final = Size()
