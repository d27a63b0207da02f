"""`up`: start the controller and want what the manifests say. Everything is wired here."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orchestrator.cli import options, sources
from orchestrator.cli.exits import UsageError
from orchestrator.cli.session import Session
from orchestrator.model.errors import InvalidRequestError, OrchestratorError

if TYPE_CHECKING:
    from orchestrator.cli.controller_options import ControllerOptions
    from orchestrator.cli.waiting import Waiter


class Engine(StrEnum):
    """The values of --engine."""

    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"
    SIMULATED = "simulated"


class TimingProfile(StrEnum):
    """The values of --timing."""

    DEMO = "demo"
    PRODUCTION = "production"


def up(
    session: Session,
    files: options.Files = None,
    engine: Annotated[
        Engine,
        typer.Option(
            "--engine",
            help="auto: Docker where it answers, else processes; simulated: nothing runs.",
        ),
    ] = Engine.AUTO,
    api_port: Annotated[
        int | None,
        typer.Option(
            "--api-port",
            min=0,
            max=65535,
            metavar="PORT",
            show_default=False,
            help="Where the API listens; 0 for any. [default: 7070 or the next free port]",
        ),
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run the controller in the background.")
    ] = False,
    wait: options.Wait = False,
    timeout: options.Timeout = "5m",
    timing: Annotated[
        TimingProfile, typer.Option("--timing", help="Durations that manifests leave out.")
    ] = TimingProfile.DEMO,
    proxy_workers: Annotated[
        int, typer.Option("--proxy-workers", min=1, max=64, help="Processes of the proxy.")
    ] = 1,
) -> None:
    """Place, run, balance and heal what manifests ask.

    Serves until Ctrl-C, which removes everything again; with --detach, until: orch down.
    On a project that runs already it applies the manifests to that one.
    """
    limit_s = options.seconds(timeout)
    paths = sources.given_or_default(files)
    if session.project.controller() is not None:
        _attach(session, engine, _body(paths), wait or not detach, limit_s)
        return
    if not paths and not session.project.database.exists():
        raise UsageError(
            f"nothing to run: no -f, no folder {sources.DEFAULT_FOLDER}/ here, and nothing"
            f" remembered of project {session.project.name!r}",
            remedy="name a file or folder: orch up -f PATH",
        )
    from orchestrator.cli.controller_options import ControllerOptions

    controller = ControllerOptions.of(
        session.project, engine=engine.value, timing=timing.value, api_port=api_port,
        proxy_workers=proxy_workers,
    )  # fmt: skip
    if detach:
        _detach(session, controller, paths, limit_s if wait else None)
    else:
        _serve(session, controller, _body(paths))


def _body(paths: Sequence[str]) -> dict[str, Any] | None:
    """What the files want; None where there are none."""
    return sources.body_of(sources.load(paths)) if paths else None


def _serve(session: Session, controller: "ControllerOptions", body: dict[str, Any] | None) -> None:
    import asyncio

    from orchestrator.cli.foreground import serve

    asyncio.run(serve(session, controller.serve_options(body)))


def _attach(
    session: Session, engine: Engine, body: dict[str, Any] | None, wait: bool, limit_s: float
) -> None:
    """As Compose does: what runs already is brought up to date."""
    info = session.client.get("/v1/info")
    if engine not in (Engine.AUTO, info["engine"]):
        raise InvalidRequestError(
            f"project {session.project.name!r} already runs, on engine {info['engine']}",
            remedy=f"end it first: {session.command('down')}",
        )
    session.note(
        f"project {session.project.name!r} already runs (pid {info['pid']}, "
        f"{info['engine_reason']}): applying to it"
    )
    _bring_up(session, body, limit_s if wait else None)


def _detach(
    session: Session,
    controller: "ControllerOptions",
    paths: Sequence[str],
    wait_s: float | None,
) -> None:
    from orchestrator.cli.detaching import begun

    fresh = not session.project.database.exists()
    with begun(controller) as process:
        record = process.start(_body(paths))
    from orchestrator.cli.ending import shut_down
    from orchestrator.cli.exits import WaitTimeoutError
    from orchestrator.cli.waiting import Waiter

    info = session.client.get("/v1/info")
    session.note(info["engine_reason"])
    goes_on = f"in the background (pid {record.pid}); stop it with: {session.command('down')}"
    try:
        waiter = Waiter(session, after=info["events_before"], to_update=bool(paths))
        _settle(session, waiter, wait_s)
    except WaitTimeoutError:
        session.note(goes_on)
        raise
    except OrchestratorError:
        if fresh and not info["adopted"]:
            shut_down(session, record)
        raise
    session.note(goes_on)


def _bring_up(session: Session, body: dict[str, Any] | None, wait_s: float | None) -> None:
    from orchestrator.cli.waiting import Waiter

    waiter = Waiter(session, to_update=body is not None)
    if body is not None:
        session.client.post("/v1/apply", body)
    _settle(session, waiter, wait_s)


def _settle(session: Session, waiter: "Waiter", wait_s: float | None) -> None:
    """Wait if that was asked for, then say what there is."""
    from orchestrator.cli.summary import show_summary

    if wait_s is not None:
        waiter.run(wait_s)
    show_summary(session, session.client)
