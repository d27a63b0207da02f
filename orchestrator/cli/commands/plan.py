"""`plan`: what apply would do."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli import options, saved_plan, sources
from orchestrator.cli.command import tell
from orchestrator.cli.exits import CHANGES, DONE, FAILED
from orchestrator.cli.session import Session
from orchestrator.model.errors import OrchestratorError

if TYPE_CHECKING:
    from orchestrator.model.views import PlanView


def plan(
    session: Session,
    files: options.Files = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="As apply --prune: delete what is not named.")
    ] = False,
    out: Annotated[
        str | None, typer.Option("--out", metavar="FILE", help="Save it for: orch apply FILE.")
    ] = None,
    detailed_exitcode: Annotated[
        bool,
        typer.Option("--detailed-exitcode", help="Exit 0: no changes, 2: changes, 1: error."),
    ] = False,
) -> int:
    """Show what apply would do."""
    try:
        view = _plan(session, files, prune, out)
    except OrchestratorError as error:
        if not detailed_exitcode:
            raise
        tell(error, session.err)
        return FAILED
    return CHANGES if detailed_exitcode and not view.empty else DONE


def _plan(session: Session, files: list[str] | None, prune: bool, out: str | None) -> "PlanView":
    from orchestrator.cli.render.plan import plan as rendered
    from orchestrator.model.views import PlanView

    paths = sources.required(files)
    body = sources.body_of(sources.load(paths), prune=prune)
    found, verb = _ask(session, body)
    view = PlanView(**found)
    if out is not None:
        saved_plan.save(out, session.project.name, body, found)
    follow = session.command("apply", out) if out else None
    follow = follow or session.command(verb, *sources.flags(paths, prune=prune))
    after = [] if view.empty else ["", f"Next: {follow}"]
    session.show(found, lambda paint: [*rendered(view.text, paint), *after], sources.names_of(body))
    return view


def _ask(session: Session, body: dict[str, Any]) -> tuple[Any, str]:
    """The plan, and the command that carries it out."""
    if session.project.controller() is None and not session.project.database.exists():
        from orchestrator.cli.first_plan import first_plan

        session.note(f"project {session.project.name!r} does not run: planned from nothing")
        return first_plan(body), "up"
    return session.client.post("/v1/plan", body), "apply"
