"""`down`: nothing of the project is left, with or without a running controller."""

from typing import Annotated, Any

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
    record = session.project.controller()
    if record is not None:
        from orchestrator.cli.ending import shut_down

        shut_down(session, record, limit_s)
        removed: dict[str, Any] = {"project": session.project.name, "known": True}
    else:
        removed = _without_controller(session)
    name = session.project.name
    text = (
        f"project {name!r} is gone"
        if removed.pop("known")
        else f"no project {name!r}: nothing to do"
    )
    session.show(removed, lambda _: [text], [f"project/{name}"])


def _without_controller(session: Session) -> dict[str, Any]:
    import asyncio

    from orchestrator.cli.removing import remove_all

    removed = asyncio.run(remove_all(session.project, session.note))
    if sum(removed["replicas"].values()) or removed["proxy_workers"]:
        removed["known"] = True
    return removed
