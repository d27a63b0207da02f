"""What the traces are of: pods or machines, and the nodes for them."""

import csv
from pathlib import Path
from typing import Final

from orchestrator.core.packing.trace import TraceRow
from orchestrator.core.scheduling import Cluster, NodeRoom, Request

MIB: Final = 2**20


def request_of(item: TraceRow, policy: str = "binpack") -> Request:
    """What it asks for, as a service of one replica."""
    return Request(item.name, 1, item.cpu_millicores, item.memory_mib * MIB, policy=policy)


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
