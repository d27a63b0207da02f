"""`rebalance`: move replicas so that whole nodes are free."""

from typing import Annotated, Any

import typer

from orchestrator.cli import options
from orchestrator.cli.session import Session


def rebalance(
    session: Session,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the moves.")] = False,
    max_moves: Annotated[
        int | None,
        typer.Option(
            "--max-moves",
            metavar="N",
            min=1,
            show_default=False,
            help="Move at most so many replicas.  [default: as many as free a node]",
        ),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return when all moves are over.")] = False,
    timeout: options.Timeout = "60s",
) -> None:
    """Move replicas, without a gap, so that whole nodes are free."""
    from orchestrator.cli.render.rebalance import plan

    limit_s = options.seconds(timeout)
    waiter = _waiter(session) if wait and not dry_run else None
    body = {"dry_run": dry_run, "max_moves": max_moves}
    view = session.client.post("/v1/rebalance", body)
    follow = session.command("rebalance", *_limit(max_moves)) if dry_run else ""
    session.show(view, lambda paint: plan(view, follow, paint), _names(view))
    if waiter is not None:
        waiter.run(limit_s)


def _limit(max_moves: int | None) -> list[str]:
    return [] if max_moves is None else ["--max-moves", str(max_moves)]


def _names(view: dict[str, Any]) -> list[str]:
    return [f"replica/{move['replica']}" for move in view["moves"]]


def _waiter(session: Session) -> Any:
    from orchestrator.cli.waiting import Waiter

    return Waiter(session, also=lambda: not session.client.get("/v1/rebalance"))
