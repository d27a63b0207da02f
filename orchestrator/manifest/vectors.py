"""Batches to pack from files: the instance format of vector packing, and CSV traces."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NoReturn

from orchestrator.core.packing.instance import Instance, Size
from orchestrator.core.packing.trace import TraceRow
from orchestrator.model.errors import ManifestError, Problem
from orchestrator.model.names import NAME_RULE, is_name
from orchestrator.model.quantity import MAX_CPU_MILLICORES, MAX_MEMORY_BYTES
from orchestrator.model.spec import Capacity, NodeSpec
from orchestrator.model.text import quote

__all__ = ["read_instance", "read_node_rows", "read_rows", "read_trace"]

MIB: Final = 2**20
MAX_ITEMS: Final = 1_000_000
_WHOLE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_SECONDS: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?", re.ASCII)


def read_instance(path: Path) -> Instance:
    """Lines of numbers: d, the d capacities, the number of items n, and for each size of item its
    d sizes and how many there are of it.

    Raises ManifestError with file, line, field and remedy, OSError if there is no file.
    """
    lines = [
        (number, [_number(path, number, "size", word) for word in line.split()])
        for number, line in enumerate(_text(path).splitlines(), 1)
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
        if len(items) + row[dimensions] > MAX_ITEMS:
            _refuse(path, number, "n", "too many items", f"{MAX_ITEMS:,} are the most")
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
    return tuple(row for _, row in _lines(path))


def read_node_rows(path: Path) -> tuple[NodeSpec, ...]:
    """Nodes from a CSV file, `name,cpu_millicores,memory_mib`; other columns are ignored.

    Raises as `read_rows`, and for a name that is none or not new, and for no capacity.
    """
    found: dict[str, NodeSpec] = {}
    for line, row in _lines(path):
        if not is_name(row.name) or row.name in found:
            what = "is already a node" if row.name in found else "is no valid name"
            _refuse(path, line, "name", f"{quote(row.name)} {what}", f"use {NAME_RULE}")
        for field, amount in (
            ("cpu_millicores", row.cpu_millicores),
            ("memory_mib", row.memory_mib),
        ):
            if not amount:
                _refuse(path, line, field, "0 holds nothing", "give a whole number from 1 on")
        capacity = {"cpu": f"{row.cpu_millicores}m", "memory": row.memory_mib * MIB}
        found[row.name] = NodeSpec(name=row.name, capacity=Capacity.model_validate(capacity))
    if not found:
        _refuse(path, 1, "", "there is no node", "give each a line of its own")
    return tuple(found.values())


def _lines(path: Path) -> Iterator[tuple[int, TraceRow]]:
    """Each row with its line."""
    rows = csv.DictReader(_text(path).splitlines(keepends=True))
    try:
        for field in ("cpu_millicores", "memory_mib"):
            if field not in (rows.fieldnames or ()):
                _refuse(path, 1, field, "no such column", "name it in the first line")
        for count, row in enumerate(rows, 1):
            yield rows.line_num, _row(path, rows.line_num, count, row)
    except csv.Error as error:
        _refuse(path, rows.line_num, "", f"is no CSV: {error}", "save it as plain CSV")


def _text(path: Path) -> str:
    """A byte order mark is skipped: spreadsheets write one."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"found the byte 0x{error.object[error.start]:02x}, expected UTF-8 text"
        _refuse(path, 0, "", message, "save the file as UTF-8")


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
        cpu_millicores=_amount(path, line, row, "cpu_millicores", MAX_CPU_MILLICORES),
        memory_mib=_amount(path, line, row, "memory_mib", MAX_MEMORY_BYTES // MIB),
        arrival=arrival,
        departure=departure,
    )


def _amount(path: Path, line: int, row: dict[str, str], field: str, most: int) -> int:
    number = _number(path, line, field, row[field])
    if number > most:
        _refuse(path, line, field, f"{number} is too much", f"{most} is the most")
    return number


def _seconds(path: Path, line: int, field: str, text: str | None) -> float | None:
    """None where nothing is written."""
    if not text:
        return None
    if not _SECONDS.fullmatch(text):
        _refuse(
            path, line, field, f"{quote(text)} is no time", "give seconds from 0 on, such as 12.5"
        )
    return float(text)


def _number(path: Path, line: int, field: str, text: str | None) -> int:
    if text is None or not _WHOLE.fullmatch(text):
        found = f"{quote(text or '')} is no number"
        _refuse(path, line, field, found, "give a whole number from 0 on")
    return int(text)


def _refuse(path: Path, line: int, field: str, message: str, remedy: str) -> NoReturn:
    raise ManifestError((Problem(str(path), line, 1, field, message, remedy),))
