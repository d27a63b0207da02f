"""`apply`: want what the manifests say."""

from typing import Annotated, Any

import typer

from orchestrator.cli import options, saved_plan, sources
from orchestrator.cli.exits import UsageError
from orchestrator.cli.session import Session


def apply(
    session: Session,
    plan: Annotated[
        str | None,
        typer.Argument(metavar="[PLAN]", show_default=False, help="A plan saved by plan --out."),
    ] = None,
    files: options.Files = None,
    wait: options.Wait = False,
    timeout: options.Timeout = "60s",
    prune: Annotated[
        bool, typer.Option("--prune", help="Delete services and nodes that are not named.")
    ] = False,
) -> None:
    """Apply manifests, or a saved plan."""
    if plan is not None and (files or prune):
        raise UsageError("a saved plan says it all: leave out -f and --prune")
    limit_s = options.seconds(timeout)
    if plan is not None:
        body = saved_plan.read(plan, session.project.name)
    else:
        body = sources.body_of(sources.load(sources.required(files)), prune=prune)
    apply_body(session, body, limit_s if wait else None)


def apply_body(session: Session, body: dict[str, Any], wait_s: float | None) -> None:
    """Apply, say what that means, and wait up to `wait_s` seconds if asked."""
    from orchestrator.cli.render.plan import plan as rendered

    waiter = _waiter(session) if wait_s is not None else None
    view = session.client.post("/v1/apply", body)
    session.show(view, lambda paint: rendered(view["text"], paint), sources.names_of(body))
    if waiter is not None:
        waiter.run(wait_s)


def _waiter(session: Session) -> Any:
    from orchestrator.cli.waiting import Waiter

    return Waiter(session, to_update=True)
