"""Virtual machines that come and go: nodes in use over time, with and without rebalancing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final

from benchmarks.packing.ledger import Entry, Ledger, Step
from benchmarks.packing.traces import cluster_of, equal_nodes, request_of
from benchmarks.report import Comparison, Row
from benchmarks.spread import Spread
from orchestrator.core.packing.trace import TraceRow
from orchestrator.core.rebalancing import Move, Tenant, plan_moves
from orchestrator.core.scheduling import Unschedulable, place
from orchestrator.manifest.vectors import read_rows
from orchestrator.model.state import ReplicaId

NODE: Final = (32_000, 64 * 1024)
NODES: Final = 900
AIM: Final = 1.10
PLANS: Final = {
    "no rebalancing": (0, 0),
    "every 5 minutes, 10 moves": (300, 10),
    "every 30 minutes, 100 moves": (1800, 100),
    "every hour": (3600, 10**9),
    "every 30 minutes": (1800, 10**9),
}
"""Seconds between two plans, and the most moves of one."""
JUDGED: Final = "every 30 minutes"
PLAIN: Final = "no rebalancing"


@dataclass(frozen=True, slots=True)
class Run:
    """One policy's way through the trace. `steps`: the state after each moment with an event."""

    steps: list[Step]
    moves: list[TraceRow] = field(default_factory=list)

    @property
    def above_bound(self) -> float:
        """Nodes in use over the lower bound, both averaged over time."""
        used = bound = 0.0
        for step, following in pairwise(self.steps):
            lasts = following.time - step.time
            used += step.nodes * lasts
            bound += lower_bound(step) * lasts
        return used / bound

    @property
    def peak(self) -> int:
        """The most nodes in use at a time."""
        return max(step.nodes for step in self.steps)


def over_time(
    path: Path, progress: Callable[[str], None]
) -> tuple[list[Row], Comparison, dict[str, Run]]:
    """The trace by every plan."""
    items, too_large = fitting(path)
    runs = {}
    for name, plan in PLANS.items():
        progress(f"azure_v1: {name}")
        runs[name] = simulate(items, *plan)
    what = f"azure_v1, {len(items)} machines ({too_large} too large): nodes over the bound"
    rows = [
        _row(f"{what}, on average over time, rebalanced {JUDGED}", runs[JUDGED], AIM),
        _row(f"{what}, {PLAIN}", runs[PLAIN], None),
    ]
    header = ("rebalanced", "nodes/bound", "peak", "moves", "cores moved", "GiB moved")
    title = "azure_v1: nodes in use over the lower bound, averaged over time"
    lines = [_line(name, run) for name, run in runs.items()]
    values = {
        name: {"ratio": run.above_bound, "moves": len(run.moves)} for name, run in runs.items()
    }
    return rows, Comparison(title, header, lines, values), runs


def _row(what: str, run: Run, aim: float | None) -> Row:
    most = None if aim is None else round(100 * (aim - 1), 6)
    return Row(what, Spread((100 * (run.above_bound - 1),)), "%", most)


def _line(name: str, run: Run) -> tuple[str, ...]:
    cores = sum(item.cpu_millicores for item in run.moves) // 1000
    gib = sum(item.memory_mib for item in run.moves) // 1024
    figures = (run.peak, len(run.moves), cores, gib)
    return name, f"{run.above_bound:.4f}", *map(str, figures)


def lower_bound(step: Step) -> int:
    """Whole nodes by volume, of the scarcer resource."""
    return max(-(-step.cpu_millicores // NODE[0]), -(-step.memory_mib // NODE[1]))


def fitting(path: Path) -> tuple[list[TraceRow], int]:
    """The machines that a node can hold, and how many it cannot."""
    items = read_rows(path)
    kept = [item for item in items if item.cpu_millicores <= NODE[0] and item.memory_mib <= NODE[1]]
    return kept, len(items) - len(kept)


def simulate(items: list[TraceRow], every_s: int = 0, most: int = 0) -> Run:
    """Until the last arrival. `every_s` > 0: rebalance then, by at most `most` moves. Judged."""
    player = _Player(items)
    entries = list(player.play(every_s, most))
    steps = list(Ledger(equal_nodes(NODES, *NODE), items).follow(entries))
    last = [list(found)[-1] for _, found in groupby(steps, key=lambda step: step.time)]
    return Run(last, player.moved)


class _Player:
    """The product's own decisions, one event after the other."""

    def __init__(self, items: list[TraceRow]) -> None:
        self._items = items
        self._cluster = cluster_of(equal_nodes(NODES, *NODE))
        self._where: dict[int, str] = {}
        self.moved: list[TraceRow] = []

    def play(self, every_s: int, most: int) -> Iterator[Entry]:
        end = max(item.arrival for item in self._items)
        due = every_s
        for time, events in groupby(self._events(end), key=lambda event: event[0]):
            for _, arrives, index in events:
                yield self._arrive(index) if arrives else self._depart(index)
            if every_s and time >= due:
                due = time + every_s
                yield from self._rebalance(time, most)

    def _events(self, end: float) -> list[tuple[float, bool, int]]:
        """Time, whether it arrives, its index: at one moment departures first."""
        comes = [(item.arrival, True, index) for index, item in enumerate(self._items)]
        goes = [
            (item.departure, False, index)
            for index, item in enumerate(self._items)
            if item.departure is not None and item.departure <= end
        ]
        return sorted(comes + goes)

    def _arrive(self, index: int) -> Entry:
        item = self._items[index]
        request = request_of(item)
        node = place(request, self._cluster)
        if isinstance(node, Unschedulable):
            raise RuntimeError(node.reason)
        self._cluster.add(node, item.name, request.cpu_millicores, request.memory_bytes)
        self._where[index] = node
        return Entry(item.arrival, item.name, node)

    def _depart(self, index: int) -> Entry:
        item = self._items[index]
        self._give_back(self._where.pop(index), item)
        return Entry(item.departure or 0, item.name, "")

    def _give_back(self, node: str, item: TraceRow) -> None:
        request = request_of(item)
        self._cluster.remove(node, item.name, request.cpu_millicores, request.memory_bytes)

    def _rebalance(self, time: float, most: int) -> Iterator[Entry]:
        """What `orch rebalance` would do: each move has both rooms until it is over."""
        for move in self._plan(most):
            index = move.id.slot
            item = self._items[index]
            request = request_of(item)
            self._cluster.add(move.target, item.name, request.cpu_millicores, request.memory_bytes)
            self._give_back(move.source, item)
            self._where[index] = move.target
            self.moved.append(item)
            yield Entry(time, item.name, move.target)

    def _plan(self, most: int) -> tuple[Move, ...]:
        tenants = [
            Tenant(ReplicaId(item.name, index, 1), node, request_of(item))
            for index, node in self._where.items()
            for item in [self._items[index]]
        ]
        paper = cluster_of(equal_nodes(NODES, *NODE))
        for one in tenants:
            asked = one.request
            paper.add(one.node, asked.service, asked.cpu_millicores, asked.memory_bytes)
        return plan_moves(paper, tenants, most)
