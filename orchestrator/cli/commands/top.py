"""`top`: what goes on right now."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from orchestrator.cli import completing
from orchestrator.cli.formats import bare, names
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Paint
from orchestrator.cli.watching import show


def top(
    session: Session,
    service: Annotated[
        str,
        typer.Argument(
            metavar="[SERVICE]",
            show_default=False,
            help="Only this service.",
            autocompletion=completing.services,
        ),
    ] = "",
    watch: Annotated[
        bool | None,
        typer.Option(
            "--watch/--once",
            "-w/-1",
            show_default=False,
            help="Go on, or look once.  [default: go on where the output is a terminal]",
        ),
    ] = None,
) -> None:
    """Show requests, latency and usage of the last second."""
    from orchestrator.cli.render.top import traffic
    from orchestrator.model.views import StatsView

    def look() -> tuple[Any, Any, Sequence[str]]:
        data = session.client.get("/v1/stats", service=bare(service))

        def text(paint: Paint) -> list[str]:
            return traffic(StatsView(**data), paint, wide=session.wide)

        return data, text, names("service", data["services"])

    if watch is None:
        watch = session.format.for_people and session.out.live
    show(session, look, watch=watch)
