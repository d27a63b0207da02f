"""`rebalance`: move replicas so that whole nodes are free."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli import options
from orchestrator.cli.session import Session

if TYPE_CHECKING:
    from orchestrator.core.packing.whatif import Box


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
    svg: Annotated[
        str | None, typer.Option("--svg", metavar="FILE", help="Draw the nodes before and after.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return when all moves are over.")] = False,
    timeout: options.Timeout = "60s",
) -> None:
    """Move replicas, without a gap, so that whole nodes are free."""
    from orchestrator.cli.render.rebalance import plan

    limit_s = options.seconds(timeout)
    waiter = _waiter(session) if wait and not dry_run else None
    body = {"dry_run": dry_run, "max_moves": max_moves}
    before = _boxes(session) if svg is not None else ()
    view = session.client.post("/v1/rebalance", body)
    if svg is not None:
        _draw(svg, before, view)
    follow = session.command("rebalance", *_limit(max_moves)) if dry_run else ""
    session.show(view, lambda paint: plan(view, follow, paint), _names(view))
    if waiter is not None:
        waiter.run(limit_s)


def _limit(max_moves: int | None) -> list[str]:
    return [] if max_moves is None else ["--max-moves", str(max_moves)]


def _names(view: dict[str, Any]) -> list[str]:
    return [f"replica/{move['replica']}" for move in view["moves"]]


def _boxes(session: Session) -> "tuple[Box, ...]":
    """The nodes with what they hold now."""
    from orchestrator.cli.running import boxes_of
    from orchestrator.model.views import NodeView, ReplicaView

    nodes, replicas = session.client.get("/v1/nodes"), session.client.get("/v1/replicas")
    return boxes_of([NodeView(**row) for row in nodes], [ReplicaView(**row) for row in replicas])


def _draw(path: str, before: "tuple[Box, ...]", view: dict[str, Any]) -> None:
    from pathlib import Path

    from orchestrator.cli.render.boxes_svg import Panel, picture
    from orchestrator.cli.running import moved

    after = moved(before, {move["replica"]: move["target"] for move in view["moves"]})
    panels = [
        Panel(f"before: {view['nodes_before']} nodes in use", before),
        Panel(f"after {len(view['moves'])} moves: {view['nodes_after']} nodes in use", after),
    ]
    Path(path).write_text(picture(panels) + "\n", encoding="utf-8")


def _waiter(session: Session) -> Any:
    from orchestrator.cli.waiting import Waiter

    return Waiter(session, also=lambda: not session.client.get("/v1/rebalance"))
