"""The outcome as files for documents: one SVG, one page."""

from collections.abc import Sequence
from pathlib import Path

from orchestrator.cli.packing.question import Question
from orchestrator.cli.render import html
from orchestrator.cli.render.boxes_svg import Panel, picture
from orchestrator.cli.render.pack import Measured, Unit, comparison, figures
from orchestrator.core.packing.metrics import Metrics
from orchestrator.core.packing.whatif import Outcome

__all__ = ["write_html", "write_svg"]


def write_svg(path: str, measured: Measured, best: Outcome, units: Sequence[Unit]) -> None:
    """The picture of what is shown. Raises OSError."""
    Path(path).write_text(_picture(measured, best, units) + "\n", encoding="utf-8")


def write_html(
    path: str, question: Question, measured: Measured, best: Outcome, units: Sequence[Unit]
) -> None:
    """The figures, and the picture of what is shown. Raises OSError."""
    if len(measured) > 1:
        heads, rows = comparison(measured, best, units)
        mark = next(index for index, (outcome, _) in enumerate(measured) if outcome is best)
        told = [html.table(heads, [[cell.text for cell in row] for row in rows], mark)]
    else:
        told = [html.paragraphs(figures(*measured[0], units))]
    drawn = f"<figure>{_picture(measured, best, units)}</figure>"
    text = html.page("Packing", [html.paragraphs([question.about]), *told, drawn])
    Path(path).write_text(text, encoding="utf-8")


def _picture(measured: Measured, best: Outcome, units: Sequence[Unit]) -> str:
    axes = [unit.name.replace("memory", "RAM") for unit in units]
    return picture(_panels(measured, best), axes)


def _panels(measured: Measured, best: Outcome) -> list[Panel]:
    """One outcome, or two as before and after: of more, the first and the best."""
    shown = list(measured)
    if len(shown) > 2:
        shown = [measured[0], *(each for each in measured[1:] if each[0] is best)]
    return [Panel(_title(*each), each[0].boxes) for each in shown]


def _title(outcome: Outcome, metrics: Metrics) -> str:
    left_out = f", {metrics.unplaced} without a node" if metrics.unplaced else ""
    return f"{outcome.method}: {metrics.nodes} nodes, lower bound {metrics.bound}{left_out}"
