"""`scale`, `restart`, `delete`: orders about services."""

from collections.abc import Callable
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
    targets: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            show_default=False,
            help="Services (web), or single replicas (web-2).",
            autocompletion=completing.services_and_replicas,
        ),
    ],
    wait: options.Wait = False,
    timeout: options.Timeout = "60s",
) -> None:
    """Replace replicas, one after the other: each leaves when the next one is ready."""
    limit_s = options.seconds(timeout)
    things = _things(session, targets)
    waiter = _replaced(session, things) if wait else None
    views = [
        session.client.post(f"/v1/{kind}s/{name}/restart") or {"name": name}
        for kind, name in things
    ]
    lines = [f"{kind}/{name}" for kind, name in things]
    session.show(views, lambda _: [f"{line} restarting" for line in lines], lines)
    if waiter is not None:
        waiter.run(limit_s)


def _things(session: Session, targets: list[str]) -> list[tuple[str, str]]:
    """Kind and name of each: a service where one has that name, else a replica. Raises
    `NotFoundError` before anything is ordered."""
    from orchestrator.model.errors import NotFoundError

    rows = {kind: session.client.get(f"/v1/{kind}s") for kind in ("service", "replica")}
    known = {f"{kind}/{row['name']}" for kind in rows for row in rows[kind]}
    things = []
    for target in targets:
        wanted = [target] if "/" in target else [f"service/{target}", f"replica/{target}"]
        found = next((one for one in wanted if one in known), None)
        if found is None:
            there = ", ".join(sorted(known)[:20]) or "none"
            message = f"no service or replica is named {target!r}"
            raise NotFoundError(message, remedy=f"there are: {there}")
        things.append((found.partition("/")[0], bare(found)))
    return things


def _replaced(session: Session, things: list[tuple[str, str]]) -> Any:
    """Waits until the services are settled, and a later attempt is in each replica's place."""
    single = {name for kind, name in things if kind == "replica"}

    def attempts() -> dict[str, int]:
        rows = session.client.get("/v1/replicas")
        return {row["name"]: row["attempt"] for row in rows if row["name"] in single}

    before = attempts()
    services = {name.rpartition("-")[0] if name in single else name for _, name in things}
    return _waiter(
        session, sorted(services), lambda: all(n > before[name] for name, n in attempts().items())
    )


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


def _waiter(session: Session, names: list[str], also: Callable[[], bool] = lambda: True) -> Any:
    from orchestrator.cli.waiting import Waiter

    return Waiter(session, services=names, also=also)
