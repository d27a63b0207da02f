"""`pack`: what-if placement, without starting anything."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer

from orchestrator.cli import options, sources
from orchestrator.cli.exits import DONE, FAILED, UsageError
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Paint

if TYPE_CHECKING:
    from orchestrator.cli.packing.question import Question
    from orchestrator.cli.render.pack import Measured, Unit
    from orchestrator.core.packing.whatif import Outcome


MANY: Final = 3000
"""Replicas from which a comparison may take longer than people like to wait without a word."""


def pack(
    session: Session,
    files: Annotated[
        list[str] | None,
        typer.Option(
            "-f", "--file", metavar="PATH",
            help="Manifests, or one trace (.csv), or one instance (.vbp). Repeatable.",
        ),
    ] = None,
    nodes: Annotated[
        list[str] | None,
        typer.Option(
            "--nodes", metavar="NODES",
            help="Such as '10x{cpu: 4, memory: 8Gi}', or a .csv, in place of those of the "
            "manifests. Repeatable.",
        ),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="All strategies and rules, one line each.")
    ] = False,
    strategies: Annotated[
        list[str] | None,
        typer.Option(
            "--strategy", metavar="NAME", show_default=False,
            help="For all services. A strategy (binpack, spread, …), a rule for batches (l2, "
            "ffd-sum, …), or batch, the best of these. Repeatable, to compare.  "
            "[default: each service's own]",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="DURATION", show_default=False,
            help="Search for a better batch for so long: 2s.  [default: no search]",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of random and the search.")] = 0,
    svg: Annotated[
        str | None, typer.Option("--svg", metavar="FILE", help="Draw the nodes into a picture.")
    ] = None,
    html: Annotated[
        str | None, typer.Option("--html", metavar="FILE", help="Write a page with figures and it.")
    ] = None,
) -> int:  # fmt: skip
    """Show where replicas would go, and start nothing.

    Exit code 1 if some would find no node.
    """
    from orchestrator.cli.packing import files as written
    from orchestrator.cli.packing import methods, question
    from orchestrator.cli.render import pack as rendered

    if compare and strategies:
        raise UsageError("--compare shows all strategies", remedy="leave --strategy out")
    budget_s = options.seconds(budget, "--budget") if budget is not None else None
    asked = question.read(sources.required(files), nodes or [])
    if compare and len(asked.pieces) >= MANY:
        session.note(f"packing {len(asked.pieces):,} replicas by every method takes a while")
    if compare:
        outcomes = list(methods.compare(asked, budget_s, seed))
    else:
        outcomes = methods.answers(asked, strategies or [], budget_s, seed)
    measured = [(outcome, methods.metrics_of(asked, outcome)) for outcome in outcomes]
    best = methods.best(measured)
    units = rendered.units(asked.scheduled, len(asked.boxes[0].capacity) if asked.boxes else 0)
    if svg is not None:
        written.write_svg(svg, measured, best, units)
    if html is not None:
        written.write_html(html, asked, measured, best, units)
    _show(session, asked, measured, best, units, compare=compare)
    return FAILED if best.unplaced else DONE


def _show(
    session: Session,
    asked: "Question",
    measured: "Measured",
    best: "Outcome",
    units: Sequence["Unit"],
    *,
    compare: bool,
) -> None:
    from orchestrator.cli.render import pack as rendered

    results = [rendered.data(*each, units) for each in measured]
    note = asked.why_not_by_size if compare else ""

    def text(paint: Paint) -> list[str]:
        head = [asked.about, ""]
        if len(measured) == 1:
            return head + rendered.one(*measured[0], units, paint, wide=session.wide)
        left_out = [f"Left out, for they know sizes only: rules for batches ({note})."]
        return head + rendered.many(measured, best, units, paint) + left_out * bool(note)

    data = {"question": asked.about, "best": best.method, "results": results}
    session.show(data, text, [f"node/{box.name}" for box in best.occupied])
