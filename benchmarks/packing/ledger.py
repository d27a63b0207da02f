"""The judge of placements over time. Shares no code with what places."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from benchmarks.packing.traces import Capacities
from orchestrator.core.packing.trace import TraceRow


class WrongPlacementError(Exception):
    """A placement that is none."""


@dataclass(frozen=True, slots=True)
class Entry:
    """At `time` (seconds) the item is on `node`, whether new or moved there; "": it left."""

    time: float
    item: str
    node: str


@dataclass(frozen=True, slots=True)
class Step:
    """From `time` on `nodes` are in use, and this is what all items ask for together."""

    time: float
    nodes: int
    cpu_millicores: int
    memory_mib: int


class Ledger:
    """Follows entries in order, and keeps what every node holds."""

    def __init__(self, capacities: Capacities, items: Iterable[TraceRow]) -> None:
        self._capacities = capacities
        self._items: Mapping[str, TraceRow] = {item.name: item for item in items}
        self._where: dict[str, str] = {}
        self._held: dict[str, list[int]] = {}
        self._ended: set[str] = set()
        self._total = [0, 0]

    def follow(self, entries: Iterable[Entry]) -> Iterator[Step]:
        """The state after each entry. Raises WrongPlacementError for an item that comes at
        another time than its own, comes twice, leaves early or late, or finds no room (when it
        moves its old room is still held), and in the end for one that never came."""
        for entry in entries:
            item = self._items[entry.item]
            if entry.node:
                self._comes(entry, item)
            else:
                self._leaves(entry, item)
            yield Step(entry.time, len(self._held), *self._total)
        missing = self._items.keys() - self._where.keys() - self._ended
        self._insist(not missing, f"{len(missing)} items were never placed")

    def _comes(self, entry: Entry, item: TraceRow) -> None:
        before = self._where.get(item.name)
        in_time = entry.time == item.arrival if before is None else entry.time >= item.arrival
        self._insist(in_time and item.name not in self._ended, f"{entry} is not in time")
        self._insist(entry.node != before, f"{entry} moves nowhere")
        held = self._held.setdefault(entry.node, [0, 0, 0])
        self._add(held, item, 1)
        capacity = self._capacities[entry.node]
        self._insist(held[0] <= capacity[0] and held[1] <= capacity[1], f"{entry} has no room")
        self._where[item.name] = entry.node
        if before is None:
            self._count(item, 1)
        else:
            self._give_back(before, item)

    def _leaves(self, entry: Entry, item: TraceRow) -> None:
        self._insist(entry.time == item.departure, f"{entry} is not in time")
        self._insist(item.name in self._where, f"{entry} never came")
        self._give_back(self._where.pop(item.name), item)
        self._ended.add(item.name)
        self._count(item, -1)

    def _give_back(self, node: str, item: TraceRow) -> None:
        self._add(self._held[node], item, -1)
        if self._held[node][2] == 0:
            del self._held[node]

    def _count(self, item: TraceRow, sign: int) -> None:
        self._total[0] += sign * item.cpu_millicores
        self._total[1] += sign * item.memory_mib

    @staticmethod
    def _add(held: list[int], item: TraceRow, sign: int) -> None:
        held[0] += sign * item.cpu_millicores
        held[1] += sign * item.memory_mib
        held[2] += sign

    @staticmethod
    def _insist(right: bool, complaint: str) -> None:
        if not right:
            raise WrongPlacementError(complaint)
