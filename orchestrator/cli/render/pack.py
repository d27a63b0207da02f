"""What `orch pack` prints: nodes with what they hold, methods side by side, who found no node."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orchestrator.cli.render.columns import Cell, Row, columns
from orchestrator.cli.render.tables import memory
from orchestrator.cli.render.words import bar, share
from orchestrator.cli.terminal import Paint
from orchestrator.core.packing.instance import Size
from orchestrator.core.packing.metrics import Metrics
from orchestrator.core.packing.whatif import Box, Outcome, Unplaced
from orchestrator.model.quantity import format_cpu

NODES_SHOWN: Final = 40
OWNERS_SHOWN: Final = 6
NAMES_SHOWN: Final = 3
GIB: Final = 2**30
LARGE: Final = 100 * GIB

Measured = Sequence[tuple[Outcome, Metrics]]


@dataclass(frozen=True, slots=True)
class Unit:
    """A dimension: its name, and how an amount of it is written."""

    name: str
    text: Callable[[int], str]
    key: str = ""
    """What JSON calls it, if not by its name."""


def _memory(amount: int) -> str:
    """Sums over many nodes in whole Gi."""
    return memory(amount if amount < LARGE else amount // GIB * GIB)


REPLICAS: Final = (
    Unit("CPU", format_cpu, "cpu_millicores"),
    Unit("memory", _memory, "memory_bytes"),
)


def units(scheduled: bool, dimensions: int) -> tuple[Unit, ...]:
    """CPU and memory of replicas; plain numbers of an instance."""
    if scheduled:
        return REPLICAS
    return tuple(Unit(f"size-{number}", str) for number in range(1, dimensions + 1))


# -- for people -----------------------------------------------------------------------------------


def one(
    outcome: Outcome, metrics: Metrics, units: Sequence[Unit], paint: Paint, *, wide: bool
) -> list[str]:
    """Each node with what it holds, and the figures. `wide`: however many nodes there are."""
    boxes = outcome.boxes if metrics.held and len(outcome.boxes) <= NODES_SHOWN else ()
    boxes = boxes or outcome.occupied
    shown = boxes if wide else boxes[:NODES_SHOWN]
    heads = ["NODE", *(part for unit in units for part in (unit.name.upper(), "")), "HOLDS"]
    lines = columns(heads, [_box(box, units) for box in shown], paint)
    if more := len(boxes) - len(shown):
        lines.append(f"… and {more} more nodes; -o wide shows all")
    return [*lines, "", *figures(outcome, metrics, units), *unplaced(outcome.unplaced, paint)]


def _box(box: Box, units: Sequence[Unit]) -> Row:
    cells: list[Cell | str] = [box.name]
    for used, whole, unit in zip(box.used, box.capacity, units, strict=True):
        cells.append(Cell(f"{bar(used, whole)} {share(used, whole):>4}", "cyan"))
        cells.append(f"{unit.text(used)} of {unit.text(whole)}")
    return [*cells, holds(box)]


def holds(box: Box) -> str:
    """`web ×3, api`, the most frequent ones first; "-" for nothing."""
    counts = Counter(piece.owner for piece in box.pieces).most_common()
    told = [f"{owner} ×{count}" if count > 1 else owner for owner, count in counts[:OWNERS_SHOWN]]
    if len(counts) > OWNERS_SHOWN:
        told.append(f"{len(counts) - OWNERS_SHOWN} more")
    return ", ".join(told) or "-"


def figures(outcome: Outcome, metrics: Metrics, units: Sequence[Unit]) -> list[str]:
    """Nodes, bound, and what is left of the nodes, in sentences."""
    of = len(outcome.boxes)
    ratio = f", ratio {metrics.ratio:.3f}" if metrics.ratio is not None else ""
    return [
        f"{outcome.method}: {metrics.nodes} of {of} nodes used, lower bound {metrics.bound}{ratio}",
        f"used of these nodes: {_shares(metrics, units)}",
        f"stranded (room that no replica here could use): {amounts(metrics.stranded, units)}",
        f"largest replica that still fits: {amounts(metrics.largest, units)}",
    ]


def _shares(metrics: Metrics, units: Sequence[Unit]) -> str:
    parts = zip(metrics.used, metrics.held, units, strict=True)
    return ", ".join(f"{share(used, held)} of {unit.name}" for used, held, unit in parts)


def amounts(size: Size, units: Sequence[Unit]) -> str:
    """`500m cpu, 1Gi memory`"""
    return ", ".join(
        f"{unit.text(part)} {unit.name}" for part, unit in zip(size, units, strict=False)
    )


def many(measured: Measured, best: Outcome, units: Sequence[Unit], paint: Paint) -> list[str]:
    """A line for each method, the best one marked."""
    heads, rows = comparison(measured, best, units)
    return [*columns(heads, rows, paint), *unplaced(best.unplaced, paint)]


def comparison(
    measured: Measured, best: Outcome, units: Sequence[Unit]
) -> tuple[list[str], list[list[Cell]]]:
    """Heads and rows, one for each method."""
    left = ["STRANDED " + unit.name.upper() for unit in units]
    heads = ["", "METHOD", "NODES", "BOUND", "RATIO", *left, "LARGEST THAT STILL FITS", "UNPLACED"]
    rows = [_method(outcome, metrics, outcome is best, units) for outcome, metrics in measured]
    return heads, rows


def _method(outcome: Outcome, metrics: Metrics, best: bool, units: Sequence[Unit]) -> list[Cell]:
    style = "green" if best else ""
    return [
        Cell("*" if best else "", style),
        Cell(outcome.method, style),
        Cell(str(metrics.nodes)),
        Cell(str(metrics.bound)),
        Cell("-" if metrics.ratio is None else f"{metrics.ratio:.3f}"),
        *(Cell(unit.text(part)) for part, unit in zip(metrics.stranded, units, strict=True)),
        Cell(amounts(metrics.largest, units)),
        Cell(str(metrics.unplaced or "-"), "red" if metrics.unplaced else ""),
    ]


def unplaced(those: Sequence[Unplaced], paint: Paint) -> list[str]:
    """Who found no node and why, those of one service and reason in one line."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in those:
        groups.setdefault((each.piece.owner, each.reason), []).append(each.piece.name)
    lines = [f"{paint(_names(names), 'red')}: {why}" for (_, why), names in groups.items()]
    return ["", "Unschedulable:", *lines] if lines else []


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more


# -- for programs ---------------------------------------------------------------------------------


def data(outcome: Outcome, metrics: Metrics, units: Sequence[Unit]) -> dict[str, Any]:
    """One result. Amounts are millicores and bytes, or in the instance's own units."""
    return {
        "method": outcome.method,
        "nodes_used": metrics.nodes,
        "lower_bound": metrics.bound,
        "ratio": None if metrics.ratio is None else round(metrics.ratio, 6),
        "used": _by_unit(metrics.used, units),
        "capacity_of_nodes_used": _by_unit(metrics.held, units),
        "stranded": _by_unit(metrics.stranded, units),
        "largest_that_fits": _by_unit(metrics.largest, units),
        "nodes": [
            {
                "name": box.name,
                "capacity": _by_unit(box.capacity, units),
                "used": _by_unit(box.used, units),
                "replicas": [piece.name for piece in box.pieces],
            }
            for box in outcome.occupied
        ],
        "unschedulable": [
            {"replica": each.piece.name, "reason": each.reason} for each in outcome.unplaced
        ],
    }


def _by_unit(size: Size, units: Sequence[Unit]) -> dict[str, int]:
    return {unit.key or unit.name: part for part, unit in zip(size, units, strict=False)}
