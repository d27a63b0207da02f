"""What a benchmark found, and how it is printed: a table that reads well as text and Markdown."""

from dataclasses import dataclass, field
from typing import Any

from benchmarks.spread import Spread

HEADER = ("what", "median", "min – max", "runs", "aim")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `aim` is the most it should be, as a median or (`always`) in each run;
    `skipped` says why there is no figure."""

    what: str
    spread: Spread | None
    unit: str
    aim: float | None = None
    skipped: str = "not measured"
    always: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None without figure or aim."""
        if self.spread is None or self.aim is None:
            return None
        return (self.spread.high if self.always else self.spread.median) <= self.aim

    def cells(self) -> tuple[str, ...]:
        """The row as text, in the order of `HEADER`."""
        if self.spread is None:
            return self.what, self.skipped, "", "", self._aim()
        spread, unit = self.spread, self.unit
        low, high = number(spread.low), number(spread.high)
        middle = f"{number(spread.median)} {unit}".rstrip()
        return self.what, middle, f"{low} – {high}", str(len(spread.values)), self._aim()

    def as_json(self) -> dict[str, Any]:
        """The row with all its values."""
        values = list(self.spread.values) if self.spread else []
        return {
            "what": self.what,
            "unit": self.unit,
            "median": self.spread.median if self.spread else None,
            "values": values,
            "aim": self.aim,
            "met": self.met,
            "skipped": "" if self.spread else self.skipped,
        }

    def _aim(self) -> str:
        if self.aim is None:
            return ""
        verdict = {True: " (met)", False: " (missed)", None: ""}[self.met]
        return f"≤ {number(self.aim)} {self.unit}".rstrip() + verdict


@dataclass(frozen=True, slots=True)
class Comparison:
    """A table with a line for each contestant. `values`: what it was made of, for JSON."""

    title: str
    header: tuple[str, ...]
    lines: list[tuple[str, ...]]
    values: dict[str, Any]

    def markdown(self) -> list[str]:
        """A heading and the table, as lines."""
        return [f"### {self.title}", "", *table(self.header, self.lines), ""]


@dataclass(frozen=True, slots=True)
class Report:
    """One benchmark's table. `notes` say what the figures mean and do not mean; `comparisons`
    are further tables; `picture` is an SVG, "" for none."""

    name: str
    title: str
    rows: list[Row]
    notes: list[str] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    picture: str = ""

    def markdown(self) -> str:
        """A heading, the table, the comparisons and the notes."""
        lines = [f"## {self.title}", "", *table(HEADER, [row.cells() for row in self.rows]), ""]
        for comparison in self.comparisons:
            lines += comparison.markdown()
        return "\n".join([*lines, *(f"- {note}" for note in self.notes), ""])

    def as_json(self) -> dict[str, Any]:
        """Everything that was measured."""
        return {
            "name": self.name,
            "title": self.title,
            "rows": [row.as_json() for row in self.rows],
            "comparisons": {one.title: one.values for one in self.comparisons},
            "notes": self.notes,
        }


def number(value: float) -> str:
    """Three significant digits, whole numbers from 100 on, without exponent."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.{2 if abs(value) < 10 else 1}f}"


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    """Lines of a Markdown table with aligned columns: the first to the left, others right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return [line(header, widths), line(tuple(rule), widths), *(line(row, widths) for row in rows)]


def line(cells: tuple[str, ...], widths: list[int]) -> str:
    """One line of a table."""
    first = cells[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return f"| {' | '.join([first, *rest])} |"
