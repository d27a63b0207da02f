"""Rows of cells → aligned lines, as kubectl prints them: no frame, no wrapping, no cut."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from orchestrator.cli.terminal import Paint

GAP: Final = "   "


class Cell(NamedTuple):
    """Text and the style to paint it in ("" for none)."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def columns(heads: Sequence[str], rows: Iterable[Row], paint: Paint) -> list[str]:
    """One line for the heads, one for each row."""
    table = [[Cell(head, "bold") for head in heads]]
    table += [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in rows]
    widths = [max(len(row[index].text) for row in table) for index in range(len(heads))]
    return [_line(row, widths, paint) for row in table]


def _line(row: Sequence[Cell], widths: Sequence[int], paint: Paint) -> str:
    cells = [
        paint(cell.text, cell.style) + " " * (width - len(cell.text))
        for cell, width in zip(row, widths, strict=True)
    ]
    return GAP.join(cells).rstrip()
