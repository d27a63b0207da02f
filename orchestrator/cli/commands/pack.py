"""`pack`: what-if placement, without starting anything."""

from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli import options, sources
from orchestrator.cli.exits import DONE, FAILED, UsageError
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Paint

if TYPE_CHECKING:
    from orchestrator.cli.packing.question import Question
    from orchestrator.cli.render.pack import Measured
    from orchestrator.core.packing.whatif import Outcome


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
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy", metavar="NAME", show_default=False,
            help="For all services. A strategy (binpack, spread, …), a rule for batches (l2, "
            "ffd-sum, …), or batch, the best of these.  [default: each service's own]",
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
) -> int:  # fmt: skip
    """Show where replicas would go, and start nothing.

    Exit code 1 if some would find no node.
    """
    from orchestrator.cli.packing import methods, question

    if compare and strategy is not None:
        raise UsageError("--compare shows all strategies", remedy="leave --strategy out")
    budget_s = options.seconds(budget, "--budget") if budget is not None else None
    asked = question.read(sources.required(files), nodes or [])
    if compare:
        outcomes = list(methods.compare(asked, budget_s, seed))
    else:
        outcomes = [methods.answer(asked, strategy, budget_s, seed)]
    measured = [(outcome, methods.metrics_of(asked, outcome)) for outcome in outcomes]
    best = methods.best(measured)
    _show(session, asked, measured, best, compare=compare)
    return FAILED if best.unplaced else DONE


def _show(
    session: Session, asked: "Question", measured: "Measured", best: "Outcome", *, compare: bool
) -> None:
    from orchestrator.cli.render import pack as rendered

    units = rendered.units(asked.scheduled, len(asked.boxes[0].capacity) if asked.boxes else 0)
    results = [rendered.data(*each, units) for each in measured]
    note = asked.why_not_by_size if compare else ""

    def text(paint: Paint) -> list[str]:
        head = [asked.about, ""]
        if not compare:
            return head + rendered.one(*measured[0], units, paint, wide=session.wide)
        left_out = [f"Left out, for they know sizes only: rules for batches ({note})."]
        return head + rendered.many(measured, best, units, paint) + left_out * bool(note)

    data = {"question": asked.about, "best": best.method, "results": results}
    session.show(data, text, [f"node/{box.name}" for box in best.occupied])
