"""`rollout pause`, `rollout resume`, `rollout status`: as kubectl has them."""

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from orchestrator.cli import completing, options
from orchestrator.cli.commands.services import Services
from orchestrator.cli.exits import WaitTimeoutError
from orchestrator.cli.formats import bare, compact
from orchestrator.cli.session import Session

if TYPE_CHECKING:
    from orchestrator.cli.render.rollout import Rollout

LOOK_S: Final = 0.1


def pause(session: Session, services: Services) -> None:
    """Replace no more replicas of services for their revision.

    All else goes on: scaling, healing, draining. What is started meanwhile has the new revision.
    """
    _order(session, services, "pause", "paused")


def resume(session: Session, services: Services) -> None:
    """Go on with paused rollouts."""
    _order(session, services, "resume", "resumed")


def _order(session: Session, services: list[str], order: str, word: str) -> None:
    names = [bare(name) for name in services]
    for name in names:
        session.client.get(f"/v1/services/{name}")
    views = [session.client.post(f"/v1/services/{name}/{order}") for name in names]
    lines = [f"service/{name}" for name in names]
    session.show(views, lambda _: [f"{line} {word}" for line in lines], lines)


def status(
    session: Session,
    service: Annotated[
        str,
        typer.Argument(metavar="SERVICE", show_default=False, autocompletion=completing.services),
    ],
    watch: Annotated[
        bool, typer.Option("--watch/--no-watch", "-w", help="Follow it until it is finished.")
    ] = True,
    timeout: options.Timeout = "60s",
) -> None:
    """Follow a rollout until it is finished; fail where it is paused, or takes too long."""
    limit_s = options.seconds(timeout)
    now = _look(session, bare(service))
    if not watch:
        session.show(now.data, lambda _: [now.sentence], [f"service/{now.service}"])
        return
    until = time.monotonic() + limit_s
    _tell(session, now)
    while not now.finished:
        _give_up(session, now, late=time.monotonic() > until)
        time.sleep(LOOK_S)
        before, now = now, _look(session, now.service)
        if now != before:
            _tell(session, now)


def _look(session: Session, name: str) -> "Rollout":
    from orchestrator.cli.render.rollout import rollout_of
    from orchestrator.model.views import ReplicaView, ServiceView

    view = ServiceView(**session.client.get(f"/v1/services/{name}"))
    rows: list[dict[str, Any]] = session.client.get("/v1/replicas", service=name)
    return rollout_of(view, [ReplicaView(**row) for row in rows])


def _tell(session: Session, rollout: "Rollout") -> None:
    if session.format.for_people:
        session.out.line(rollout.sentence)
    else:
        session.out.line(compact(rollout.data))


def _give_up(session: Session, rollout: "Rollout", *, late: bool) -> None:
    from orchestrator.cli.waiting import paused

    if rollout.held:
        raise paused(session, [rollout.service])
    if late:
        raise WaitTimeoutError(
            f"the rollout of {rollout.service} is not finished",
            remedy=f"see: {session.command('ps', rollout.service)}",
        )
