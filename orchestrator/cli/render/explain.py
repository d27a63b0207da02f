"""Why a replica is where it is: a table of nodes for each."""

from collections.abc import Sequence

from orchestrator.cli.render.columns import Cell, columns
from orchestrator.cli.render.words import status_style
from orchestrator.cli.terminal import Paint
from orchestrator.model.views import ExplainView, VerdictView

HEADS = ("NODE", "ZONE", "FITS", "REASON", "CPU", "MEMORY", "TOTAL", "CHOSEN")


def explanations(views: Sequence[ExplainView], paint: Paint) -> list[str]:
    """`orch explain`: a paragraph for each replica."""
    lines: list[str] = []
    for view in views:
        lines += ([""] if lines else []) + _explanation(view, paint)
    return lines or ["No replicas."]


def _explanation(view: ExplainView, paint: Paint) -> list[str]:
    where = f"on {view.node}" if view.node else "on no node"
    status = paint(view.status, status_style(view.status))
    head = f"{paint(view.name, 'bold')} is {status} {where} (strategy: {view.strategy})"
    reason = [f"  {view.reason}"] if view.reason else []
    table = columns(HEADS, [_verdict(verdict) for verdict in view.verdicts], paint)
    return [head, *reason, *(f"  {line}" for line in table)]


def _verdict(verdict: VerdictView) -> list[Cell | str]:
    scores = (verdict.cpu_score, verdict.memory_score, verdict.total)
    numbers = [f"{score:z.4g}" if verdict.fits else "-" for score in scores]
    return [
        Cell(verdict.node, "bold" if verdict.chosen else ""),
        verdict.zone,
        Cell("yes", "green") if verdict.fits else Cell("no", "red"),
        verdict.reason or "-",
        *numbers,
        Cell("<--", "green") if verdict.chosen else "",
    ]
