"""The demo's project: the shipped manifests, on a port and in a state folder of its own."""

import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orchestrator
from orchestrator.cli import sources
from orchestrator.cli.client import Client
from orchestrator.cli.controller_options import ControllerOptions
from orchestrator.cli.detaching import begun
from orchestrator.cli.ending import shut_down
from orchestrator.cli.session import Session
from orchestrator.manifest import Manifests
from orchestrator.model.errors import OrchestratorError
from orchestrator.runtime.project import ControllerRecord

SERVICE: Final = "web"
SHIPPED: Final = Path(orchestrator.__file__).parent.parent / "manifests"


@dataclass(frozen=True, slots=True)
class Stage:
    """A running controller and where its service will answer."""

    session: Session
    record: ControllerRecord
    body: dict[str, Any]
    port: int

    @property
    def client(self) -> Client:
        """Of the controller."""
        return self.session.client


def set_up(session: Session, engine: str) -> Stage:
    """Start a controller that runs nothing yet. Raises `OrchestratorError`."""
    port = _free_port()
    body = _body(port)
    options = ControllerOptions.of(session.project, engine=engine, api_port=0)
    with begun(options) as process:
        return Stage(session, process.start(None), body, port)


def own_session(outer: Session) -> Session:
    """A project that nobody else has, in a temporary folder with a short path (its sockets)."""
    root = "/tmp" if Path("/tmp").is_dir() else None  # noqa: S108 - made private by mkdtemp
    folder = tempfile.mkdtemp(prefix="orch-demo-", dir=root)
    return Session(f"demo-{os.getpid()}", folder, outer.format, outer.err, outer.err)


def take_down(stage: Stage) -> None:
    """Remove everything of the project. Blocks until it is gone."""
    shut_down(stage.session, stage.record)


def clean_up(session: Session) -> None:
    """Remove the temporary folder."""
    shutil.rmtree(str(session.state_dir), ignore_errors=True)


def _body(port: int) -> dict[str, Any]:
    if not SHIPPED.is_dir():
        raise OrchestratorError(
            f"the demo needs the example manifests, and {SHIPPED} is not there",
            remedy="run it in a checkout of the repository: make demo",
        )
    return sources.body_of(_on_port(sources.load([str(SHIPPED)]), port))


def _on_port(manifests: Manifests, port: int) -> Manifests:
    services = tuple(
        spec.model_copy(update={"proxy": spec.proxy.model_copy(update={"listen": port})})
        if spec.proxy is not None
        else spec
        for spec in manifests.services
    )
    return Manifests(services, manifests.nodes, manifests.files)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
