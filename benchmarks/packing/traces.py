"""The traces: who asked for how much, from when to when, and on which nodes."""

import csv
from dataclasses import dataclass
from pathlib import Path

from orchestrator.core.scheduling import Cluster, NodeRoom, Request

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Item:
    """A pod or a virtual machine. Times are seconds; `departure` None: it stays."""

    name: str
    cpu_millicores: int
    memory_mib: int
    arrival: int
    departure: int | None

    def request(self, policy: str = "binpack") -> Request:
        """What it asks for, as a service of one replica."""
        return Request(self.name, 1, self.cpu_millicores, self.memory_mib * MIB, policy=policy)


def read_items(path: Path) -> list[Item]:
    """The rows in the order of the file."""
    with path.open(newline="") as file:
        return [
            Item(
                row["name"],
                int(row["cpu_millicores"]),
                int(row["memory_mib"]),
                int(row["arrival"]),
                int(row["departure"]) if row["departure"] else None,
            )
            for row in csv.DictReader(file)
        ]


Capacities = dict[str, tuple[int, int]]
"""Node → millicores, MiB."""


def read_nodes(path: Path) -> Capacities:
    """The nodes in the order of the file."""
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        return {row["name"]: (int(row["cpu_millicores"]), int(row["memory_mib"])) for row in rows}


def equal_nodes(count: int, cpu_millicores: int, memory_mib: int) -> Capacities:
    """So many nodes of one size."""
    width = len(str(count - 1))
    return {f"n{number:0{width}}": (cpu_millicores, memory_mib) for number in range(count)}


def cluster_of(capacities: Capacities) -> Cluster:
    """These nodes in one zone, empty."""
    rooms = (NodeRoom(name, "", cpu, mib * MIB) for name, (cpu, mib) in capacities.items())
    return Cluster({room.name: room for room in rooms})
