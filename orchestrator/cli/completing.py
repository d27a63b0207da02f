"""Names for shell completion, asked of the running controller; none where nobody answers."""

from contextlib import closing
from typing import Any, Final

import typer

TIMEOUT_S: Final = 1.0


def services(ctx: typer.Context, incomplete: str) -> list[str]:
    """`web`"""
    return _names(ctx, incomplete, "/v1/services")


def scalings(ctx: typer.Context, incomplete: str) -> list[str]:
    """`web=`"""
    return [f"{name}=" for name in services(ctx, incomplete)]


def replicas(ctx: typer.Context, incomplete: str) -> list[str]:
    """`web-1`"""
    return _names(ctx, incomplete, "/v1/replicas")


def services_and_replicas(ctx: typer.Context, incomplete: str) -> list[str]:
    """`web`, `web-1`"""
    return services(ctx, incomplete) + replicas(ctx, incomplete)


def nodes(ctx: typer.Context, incomplete: str) -> list[str]:
    """`node-1`"""
    return _names(ctx, incomplete, "/v1/nodes")


def things(ctx: typer.Context, incomplete: str) -> list[str]:
    """`service/web`, `replica/web-1`, `node/node-1`"""
    kinds = (("service", services), ("replica", replicas), ("node", nodes))
    known = [f"{kind}/{name}" for kind, names in kinds for name in names(ctx, "")]
    return [name for name in known if name.startswith(incomplete)]


def _names(ctx: typer.Context, incomplete: str, path: str) -> list[str]:
    from orchestrator.model.errors import OrchestratorError

    try:
        rows = _ask(ctx.params, path)
    except (OrchestratorError, OSError):
        return []
    return [row["name"] for row in rows if row["name"].startswith(incomplete)]


def _ask(params: dict[str, Any], path: str) -> Any:
    from orchestrator.cli.client import Client
    from orchestrator.runtime.project import resolve

    record = resolve(params.get("project"), params.get("state_dir")).controller()
    if record is None:
        return []
    with closing(Client(record.url, TIMEOUT_S)) as client:
        return client.get(path)
