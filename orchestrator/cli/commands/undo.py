"""`undo`: take the last apply back."""

from typing import Annotated

import typer

from orchestrator.cli import options, sources
from orchestrator.cli.commands.apply import apply_body
from orchestrator.cli.exits import UsageError
from orchestrator.cli.session import Session


def undo(
    session: Session,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would do.")] = False,
    wait: options.Wait = False,
    timeout: options.Timeout = "60s",
) -> None:
    """Take the last apply back; a second undo takes back the first."""
    from orchestrator.cli.render.plan import plan as rendered

    limit_s = options.seconds(timeout)
    body = session.client.get("/v1/previous").get("manifests")
    if body is None:
        remedy = f"to remove everything: {session.command('down')}"
        raise UsageError("there is nothing before the last apply", remedy=remedy)
    if dry_run:
        view = session.client.post("/v1/plan", body)
        session.show(view, lambda paint: rendered(view["text"], paint), sources.names_of(body))
    else:
        apply_body(session, body, limit_s if wait else None)
