"""`logs`: what replicas write."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from orchestrator.cli import options
from orchestrator.cli.exits import UsageError
from orchestrator.cli.formats import bare, compact
from orchestrator.cli.session import Session


def logs(
    session: Session,
    name: options.ServiceOrReplica,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as it is written.")] = False,
    tail: Annotated[
        int | None,
        typer.Option("--tail", "-n", min=0, metavar="N", help="Only the last N lines of each."),
    ] = None,
    previous: Annotated[
        bool, typer.Option("--previous", "-p", help="Of the attempt before the present one.")
    ] = False,
) -> None:
    """Show output of replicas."""
    if follow and previous:
        raise UsageError("what an earlier attempt wrote is over: leave out --follow")
    lines = (
        _followed(session, bare(name), tail)
        if follow
        else _written(session, bare(name), tail=tail, previous=previous)
    )
    for line in lines:
        _print(session, line)


def _written(session: Session, name: str, **query: Any) -> Iterator[Any]:
    for line in session.client.lines(f"/v1/logs/{name}", **query):
        if line:
            yield json.loads(line)


def _followed(session: Session, name: str, tail: int | None) -> Iterator[Any]:
    from orchestrator.cli.client import Client
    from orchestrator.cli.following import Follower

    # A client of its own: its readers end with the process, not before it.
    return Follower(Client(session.client.url), name).lines(tail)


def _print(session: Session, line: Any) -> None:
    from orchestrator.cli.render.logs import log_line
    from orchestrator.model.views import LogView

    if session.format.for_people:
        view = LogView(**line)
        width = max(6, len(view.replica))
        out = session.out
        out.line(log_line(view, out.paint, width, colour=out.colour))
    else:
        session.out.line(line["replica"] if session.format == "name" else compact(line))
