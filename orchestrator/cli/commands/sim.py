"""`sim run`: a study, faster than real time, and its report."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Paint

if TYPE_CHECKING:
    from orchestrator.manifest.study import Study
    from orchestrator.runtime.studying import Record, Run


def run(
    session: Session,
    study: Annotated[
        str, typer.Argument(metavar="STUDY.yaml", show_default=False, help="kind: Study.")
    ],
    out: Annotated[
        str | None,
        typer.Option(
            "--out", metavar="DIR", show_default=False,
            help="Where the report goes.  [default: NAME-report]",
        ),
    ] = None,
    png: Annotated[
        bool, typer.Option("--png", help="The plots as pictures, too (needs Chromium).")
    ] = False,
) -> None:  # fmt: skip
    """Run a study in virtual time, and write a report."""
    from orchestrator.cli.study import numbers, report
    from orchestrator.manifest.study import load_study

    asked = load_study(study)
    program = report.browser() if png else ""
    records = [_timed(session, one) for one in _runs(asked)]
    folder = Path(out or f"{asked.spec.name}-report")
    drawn = report.write(folder, asked, records)
    if png:
        report.write_png(folder, drawn, program)

    def text(paint: Paint) -> list[str]:
        from orchestrator.cli.render.columns import columns

        return [*columns(report.HEADS, report.rows(records), paint), "", f"report: {folder}/"]

    names = [f"report/{folder / report.PAGE}", f"report/{folder / report.NUMBERS}"]
    session.show(numbers.numbers(asked, records), text, names)


def _runs(study: "Study") -> list["Run"]:
    """Each strategy with each seed."""
    from orchestrator.runtime.studying import Run

    return [
        Run(study.spec, study.nodes, study.services, study.rows, strategy, seed)
        for strategy in (study.spec.strategies or ("",))
        for seed in study.spec.seeds
    ]


def _timed(session: Session, what: "Run") -> "Record":
    """One run, and how long it took, for those who wait."""
    from orchestrator.cli.render.words import age, took
    from orchestrator.cli.study.numbers import name_of
    from orchestrator.runtime.studying import run as run_study

    began = time.monotonic()
    record = run_study(what)
    needed_s = time.monotonic() - began
    faster = what.study.duration_s / max(needed_s, 0.001)
    session.note(
        f"{name_of(record)}, seed {what.seed}: {age(what.study.duration_s)} in {took(needed_s)}, "
        f"{faster:,.0f} times faster than real time"
    )
    return record
