"""`down`: nothing of the project is left, with or without a running controller."""

from typing import Annotated

import typer

from orchestrator.cli import options
from orchestrator.cli.session import Session

Patience = Annotated[
    str, typer.Option("--timeout", metavar="DURATION", help="How long to wait for the end.")
]


def down(session: Session, timeout: Patience = "60s") -> None:
    """Stop the project, leaving nothing behind.

    Removes its replicas, networks, proxy and state, with or without a running controller.
    """
    limit_s = options.seconds(timeout)
    name = session.project.name
    replicas = _down(session, limit_s)
    known = replicas is not None
    text = f"project {name!r} is gone" if known else f"no project {name!r}: nothing to do"
    data = {"project": name, "existed": known, "replicas": replicas or 0}
    session.show(data, lambda _: [text], [f"project/{name}"])


def _down(session: Session, limit_s: float) -> int | None:
    """How many replicas there were, None if there was no project."""
    record = session.project.controller()
    if record is not None:
        from orchestrator.cli.ending import shut_down

        return shut_down(session, record, limit_s)
    import asyncio

    from orchestrator.cli.removing import remove_all

    return asyncio.run(remove_all(session.project))
