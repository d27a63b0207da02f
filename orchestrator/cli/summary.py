"""What `orch up` says when everything is up: where to find what."""

from orchestrator.cli.client import Client
from orchestrator.cli.render.columns import Cell, columns
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Paint
from orchestrator.model.views import ServiceView


def show_summary(session: Session, client: Client) -> None:
    """Addresses of the services and of the controller."""
    info = client.get("/v1/info")
    rows = client.get("/v1/services")

    def text(paint: Paint) -> list[str]:
        return [
            *_services([ServiceView(**row) for row in rows], paint),
            *(_paused(session, row["name"]) for row in rows if row["paused"]),
            f"controller: {client.url} (pid {info['pid']}); open it in a browser",
        ]

    names = [f"service/{row['name']}" for row in rows]
    session.show({"controller": {**info, "url": client.url}, "services": rows}, text, names)


def _paused(session: Session, name: str) -> str:
    return f"the rollout of {name} is paused; go on with: {session.command('rollout resume', name)}"


def _services(rows: list[ServiceView], paint: Paint) -> list[str]:
    if not rows:
        return ["nothing is wanted yet: orch apply -f PATH"]
    cells = [
        (row.name, f"{row.ready}/{row.desired} ready", Cell(row.address or "-", "cyan"))
        for row in rows
    ]
    return columns(("SERVICE", "REPLICAS", "ADDRESS"), cells, paint)
