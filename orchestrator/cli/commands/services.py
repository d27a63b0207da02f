"""`scale`, `restart`, `delete`: orders about services."""

from typing import Annotated, Any

import typer

from orchestrator.cli import completing, options
from orchestrator.cli.exits import UsageError
from orchestrator.cli.formats import bare
from orchestrator.cli.session import Session

Services = Annotated[
    list[str],
    typer.Argument(metavar="SERVICE...", show_default=False, autocompletion=completing.services),
]


def scale(
    session: Session,
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="SERVICE=N...",
            show_default=False,
            help="Such as web=6.",
            autocompletion=completing.scalings,
        ),
    ],
    wait: options.Wait = False,
    timeout: options.Timeout = "60s",
) -> None:
    """Change how many replicas services have."""
    counts = dict(_target(text) for text in targets)
    limit_s = options.seconds(timeout)
    for name in counts:
        session.client.get(f"/v1/services/{name}")
    waiter = _waiter(session, list(counts)) if wait else None
    views = [
        session.client.post(f"/v1/services/{name}/scale", {"replicas": count})
        for name, count in counts.items()
    ]
    _tell(session, views, "scaled to {desired}")
    if waiter is not None:
        waiter.run(limit_s)


def restart(
    session: Session,
    services: Services,
    wait: options.Wait = False,
    timeout: options.Timeout = "60s",
) -> None:
    """Replace replicas, one after the other."""
    limit_s = options.seconds(timeout)
    names = [bare(name) for name in services]
    waiter = _waiter(session, names) if wait else None
    views = [session.client.post(f"/v1/services/{name}/restart") for name in names]
    _tell(session, views, "restarting")
    if waiter is not None:
        waiter.run(limit_s)


def delete(session: Session, services: Services) -> None:
    """Delete services and all their replicas."""
    names = [bare(name) for name in services]
    for name in names:
        session.client.delete(f"/v1/services/{name}")
    _tell(session, [{"name": name} for name in names], "deleted")


def _target(text: str) -> tuple[str, int]:
    name, _, count = text.partition("=")
    if not (name and count.isascii() and count.isdigit()):
        raise UsageError(f"{text!r} is no SERVICE=N", remedy="write web=6")
    return bare(name), int(count[:10])


def _tell(session: Session, views: list[Any], words: str) -> None:
    lines = [f"service/{view['name']} {words.format(**view)}" for view in views]
    session.show(views, lambda _: lines, [f"service/{view['name']}" for view in views])


def _waiter(session: Session, names: list[str]) -> Any:
    from orchestrator.cli.waiting import Waiter

    return Waiter(session, services=names)
