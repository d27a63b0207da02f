"""Batches to pack from files: the instance format of vector packing, and CSV traces."""

import csv
import re
from pathlib import Path
from typing import Final, NoReturn

from orchestrator.core.packing.instance import Instance, Size
from orchestrator.core.packing.trace import TraceRow
from orchestrator.model.errors import ManifestError, Problem

__all__ = ["read_instance", "read_rows", "read_trace"]

_SECONDS: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)


def read_instance(path: Path) -> Instance:
    """Lines of numbers: d, the d capacities, the number of items n, and for each size of item its
    d sizes and how many there are of it.

    Raises ManifestError with file, line, field and remedy, OSError if there is no file.
    """
    lines = [
        (number, [_number(path, number, "size", word) for word in line.split()])
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.strip()
    ]
    if len(lines) < 3:
        _refuse(path, len(lines), "", "the file ends early", "needs d, the capacities and n first")
    (_, head), (capacity_line, capacity), (count_line, count), *rest = lines
    dimensions = head[0]
    if len(capacity) != dimensions:
        remedy = f"the first line says there are {dimensions}"
        _refuse(path, capacity_line, "capacity", f"{len(capacity)} capacities", remedy)
    if 0 in capacity or not capacity:
        _refuse(path, capacity_line, "capacity", "0 holds nothing", "give whole numbers from 1 on")
    items: list[Size] = []
    for number, row in rest:
        if len(row) != dimensions + 1:
            remedy = f"give {dimensions} sizes and the number of such items"
            _refuse(path, number, "size", f"{len(row)} numbers", remedy)
        size = tuple(row[:dimensions])
        if any(part > whole for part, whole in zip(size, capacity, strict=True)):
            remedy = "no item may be larger than a bin"
            _refuse(path, number, "size", f"{size} does not fit {tuple(capacity)}", remedy)
        items += [size] * row[dimensions]
    if len(items) != count[0]:
        remedy = f"the items below are {len(items)}"
        _refuse(path, count_line, "n", f"{count[0]} is not the number of items", remedy)
    return Instance(tuple(capacity), tuple(items))


def read_rows(path: Path) -> tuple[TraceRow, ...]:
    """The rows of a CSV file: columns `cpu_millicores` and `memory_mib`, and, where there are
    such, `name` (else the number of the row), `arrival` and `departure` in seconds; others are
    ignored.

    Raises as `read_instance`, and for a departure before its arrival.
    """
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        for field in ("cpu_millicores", "memory_mib"):
            if field not in (rows.fieldnames or ()):
                _refuse(path, 1, field, "no such column", "name it in the first line")
        return tuple(_row(path, rows.line_num, count, row) for count, row in enumerate(rows, 1))


def read_trace(path: Path) -> tuple[Size, ...]:
    """What each row of a CSV file asks for, (millicores, MiB). Raises as `read_rows`."""
    return tuple((row.cpu_millicores, row.memory_mib) for row in read_rows(path))


def _row(path: Path, line: int, count: int, row: dict[str, str]) -> TraceRow:
    arrival = _seconds(path, line, "arrival", row.get("arrival")) or 0.0
    departure = _seconds(path, line, "departure", row.get("departure"))
    if departure is not None and departure < arrival:
        remedy = "times are seconds; leave it empty if it stays"
        _refuse(path, line, "departure", "is before the arrival", remedy)
    return TraceRow(
        name=row.get("name") or str(count),
        cpu_millicores=_number(path, line, "cpu_millicores", row["cpu_millicores"]),
        memory_mib=_number(path, line, "memory_mib", row["memory_mib"]),
        arrival=arrival,
        departure=departure,
    )


def _seconds(path: Path, line: int, field: str, text: str | None) -> float | None:
    """None where nothing is written."""
    if not text:
        return None
    if not _SECONDS.fullmatch(text):
        _refuse(path, line, field, f"{text!r} is no time", "give seconds from 0 on, such as 12.5")
    return float(text)


def _number(path: Path, line: int, field: str, text: str | None) -> int:
    if text is None or not text.isascii() or not text.isdigit():
        _refuse(path, line, field, f"{text or ''!r} is no number", "give a whole number from 0 on")
    return int(text)


def _refuse(path: Path, line: int, field: str, message: str, remedy: str) -> NoReturn:
    raise ManifestError((Problem(str(path), line, 1, field, message, remedy),))
