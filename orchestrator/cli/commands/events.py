"""`events`: what happened, and what happens."""

from typing import Annotated, Any

import typer

from orchestrator.cli.formats import compact
from orchestrator.cli.session import Session


def events(
    session: Session,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on as events happen.")] = False,
    about: Annotated[
        str, typer.Option("--for", metavar="KIND/NAME", help="Only of one: replica/web-2.")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=10_000, help="At most so many old ones.")
    ] = 1000,
) -> None:
    """List events, oldest first."""
    from orchestrator.cli.render import tables
    from orchestrator.model.views import EventView

    rows = session.client.get("/v1/events", limit=limit, object=about)
    if not follow:
        session.show(
            rows,
            lambda paint: tables.events(
                [EventView(**row) for row in rows], paint, wide=session.wide
            ),
            [row["object"] for row in rows],
        )
        return
    last = 0
    for row in rows:
        _print(session, row)
        last = row["serial"]
    for row in stream(session, last):
        if about in ("", row["object"]):
            _print(session, row)


def stream(session: Session, after: int) -> Any:
    """Events after serial `after`, for ever."""
    import json

    for line in session.client.lines("/v1/events/stream", after=after):
        if line.startswith("data: "):
            yield json.loads(line[6:])


def _print(session: Session, row: Any) -> None:
    from orchestrator.cli.render.tables import event_line
    from orchestrator.model.views import EventView

    if session.format.for_people:
        session.out.line(event_line(EventView(**row), session.out.paint))
    else:
        session.out.line(row["object"] if session.format == "name" else compact(row))
