"""`inspect`: everything known of one thing."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from orchestrator.cli import completing, options
from orchestrator.cli.exits import UsageError
from orchestrator.cli.formats import Format, dump
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Paint
from orchestrator.cli.watching import show


def inspect(
    session: Session,
    thing: Annotated[
        str,
        typer.Argument(
            metavar="KIND/NAME",
            show_default=False,
            help="service/web, replica/web-2 or node/n1.",
            autocompletion=completing.things,
        ),
    ],
    watch: options.Watch = False,
) -> None:
    """Show everything known of one thing.

    YAML, or -o json. The thing is a service, a replica or a node.
    """
    kind, slash, name = thing.partition("/")
    if not (slash and kind and name):
        raise UsageError(
            f"{thing!r} is no KIND/NAME", remedy="write service/web, replica/web-2 or node/node-1"
        )

    def look() -> tuple[Any, Callable[[Paint], list[str]], list[str]]:
        found = session.client.get(f"/v1/inspect/{kind}/{name}")
        return found, lambda _: [dump(found, Format.YAML)], [f"{kind}/{name}"]

    show(session, look, watch=watch)
