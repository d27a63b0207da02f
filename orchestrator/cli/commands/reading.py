"""`ps`, `services`, `nodes`: what there is."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import typer

from orchestrator.cli import completing, options
from orchestrator.cli.formats import bare, names
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Paint
from orchestrator.cli.watching import show

T = TypeVar("T")


def ps(
    session: Session,
    service: Annotated[
        str,
        typer.Argument(
            metavar="[SERVICE]",
            show_default=False,
            help="Only of this service.",
            autocompletion=completing.services,
        ),
    ] = "",
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Ended attempts that are kept, too.")
    ] = False,
    watch: options.Watch = False,
) -> None:
    """List replicas."""
    from orchestrator.cli.render.tables import replicas
    from orchestrator.model.views import ReplicaView

    query = {"service": bare(service), "all": everything}
    _listing(session, "/v1/replicas", "replica", ReplicaView, replicas, watch, **query)


def services(session: Session, watch: options.Watch = False) -> None:
    """List services."""
    from orchestrator.cli.render import tables
    from orchestrator.model.views import ServiceView

    _listing(session, "/v1/services", "service", ServiceView, tables.services, watch)


def nodes(
    session: Session,
    watch: options.Watch = False,
    packed: Annotated[
        bool, typer.Option("--pack", help="Draw each as a box of CPU × RAM with its replicas.")
    ] = False,
) -> None:
    """List nodes, and how full they are."""
    from orchestrator.cli.render import tables
    from orchestrator.model.views import NodeView

    if packed and session.format.for_people:
        _pictures(session, watch)
    else:
        _listing(session, "/v1/nodes", "node", NodeView, tables.nodes, watch)


def _pictures(session: Session, watch: bool) -> None:
    from orchestrator.cli.render.boxes_text import boxes
    from orchestrator.cli.running import boxes_of
    from orchestrator.model.views import NodeView, ReplicaView

    def look() -> tuple[Any, Callable[[Paint], list[str]], Sequence[str]]:
        rows = session.client.get("/v1/nodes")
        replicas = session.client.get("/v1/replicas")
        down = {row["name"] for row in rows if row["status"].startswith("NotReady")}
        found = boxes_of([NodeView(**row) for row in rows], [ReplicaView(**r) for r in replicas])

        def text(paint: Paint) -> list[str]:
            return boxes(found, paint, colour=session.out.colour, down=down)

        return [rows, replicas], text, names("node", rows)

    show(session, look, watch=watch)


def _listing(
    session: Session,
    path: str,
    kind: str,
    view: Callable[..., T],
    table: Callable[..., list[str]],
    watch: bool,
    **query: Any,
) -> None:
    def look() -> tuple[Any, Callable[[Paint], list[str]], Sequence[str]]:
        rows = session.client.get(path, **query)

        def text(paint: Paint) -> list[str]:
            return table([view(**row) for row in rows], paint, wide=session.wide)

        return rows, text, names(kind, rows)

    show(session, look, watch=watch)
