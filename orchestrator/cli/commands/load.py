"""`load`: requests on a service, by k6, and what became of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli import completing
from orchestrator.cli.exits import INTERRUPTED, UsageError
from orchestrator.cli.formats import bare
from orchestrator.cli.session import Session

if TYPE_CHECKING:
    from orchestrator.cli.load.files import Files
    from orchestrator.cli.load.request import LoadRequest


def load(
    session: Session,
    service: Annotated[
        str,
        typer.Argument(metavar="SERVICE", show_default=False, autocompletion=completing.services),
    ],
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="N/s",
            show_default=False,
            help="So many requests, however long answers take.  [default: 100/s]",
        ),
    ] = None,
    vus: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            show_default=False,
            help="So many virtual users instead, each waiting for its answer.",
        ),
    ] = None,
    duration: Annotated[str, typer.Option(metavar="DURATION", help="How long.")] = "10s",
    ramp: Annotated[
        str | None,
        typer.Option(metavar="DURATION", show_default=False, help="Rise from 0 for so long first."),
    ] = None,
    path: Annotated[
        str, typer.Option(metavar="PATH", help="What is asked for: '/work?ms=20'.")
    ] = "/",
    method: Annotated[str, typer.Option(metavar="METHOD", help="GET, POST, …")] = "GET",
    script: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="A k6 script of your own instead; __ENV.ORCH_URL is the service's address.",
        ),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXPR",
            show_default=False,
            help="Fail with exit code 99 unless it holds: 'p(99)<200' in ms. Repeatable.",
        ),
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option(
            metavar="N,N,…",
            show_default=False,
            help="Repeat with so many replicas each, and say how it scales. --vus is per replica.",
        ),
    ] = None,
    cpu: Annotated[
        str | None,
        typer.Option(
            metavar="CPU,CPU,…",
            show_default=False,
            help="Repeat with so much CPU for each replica: 250m,500m,1.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", show_default=False, help="Write a page with the timeline."),
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="Draw the plots of that page, with Chromium."
        ),
    ] = None,
) -> int | None:
    """Put load on a service with k6, and see who answered."""
    from orchestrator.cli.load.files import Files
    from orchestrator.cli.load.request import request_of

    own = {"rate": rate, "vus": vus, "ramp": ramp, "threshold": threshold}
    if script is not None and (given := [name for name, value in own.items() if value]):
        raise UsageError(
            f"--script and --{given[0]} contradict each other",
            remedy="say it in the script's options",
        )
    if scale and cpu:
        raise UsageError("--scale and --cpu contradict each other", remedy="one after the other")
    unfit = {"rate": rate, "script": script, "threshold": threshold}
    if (scale or cpu) and (given := [name for name, value in unfit.items() if value]):
        raise UsageError(
            f"--{given[0]} says nothing about a curve",
            remedy="give --vus: so many virtual users for each replica ask as fast as it answers",
        )
    files = Files(report, png)
    files.check()
    asked = request_of(
        session.client, bare(service), rate=rate, users=vus, duration=duration, ramp=ramp,
        path=path, method=method, script=script, thresholds=threshold or [],
    )  # fmt: skip
    if scale or cpu:
        return _curve(session, asked, scale, cpu, files)
    return _once(session, asked, files)


def _once(session: Session, asked: "LoadRequest", files: "Files") -> int:
    from orchestrator.cli.load.k6 import THRESHOLD_FAILED
    from orchestrator.cli.load.report import page, timeline
    from orchestrator.cli.load.running import Stopped, processors
    from orchestrator.cli.render.load import summary

    stopped = False
    try:
        result, text = asked.run(session)
    except Stopped as end:
        result, text, stopped = end.result, end.text, True
    files.write(
        f"Load on {asked.service}: {result.url}",
        lambda: page(asked.service, result),
        lambda: timeline(result),
    )
    cpus = processors()
    session.show(
        result.to_json(), lambda paint: [*text.splitlines(), *summary(result, cpus, paint)]
    )
    if stopped:
        return INTERRUPTED
    return THRESHOLD_FAILED if not all(result.thresholds.values()) else 0


def _curve(
    session: Session, asked: "LoadRequest", scale: str | None, cpu: str | None, files: "Files"
) -> int:
    from orchestrator.cli.load.curve import by_cpu, by_replicas
    from orchestrator.cli.load.report import curve_page, curve_plots
    from orchestrator.cli.render.curve import curve as rendered

    curve = by_replicas(session, asked, scale) if scale else by_cpu(session, asked, cpu or "")
    files.write(
        f"Does {asked.service} scale? {curve.url}",
        lambda: curve_page(curve),
        lambda: curve_plots(curve),
    )
    session.show(curve.to_json(), lambda paint: rendered(curve, paint))
    return INTERRUPTED if curve.interrupted else 0
