"""A plan in a file: what `plan --out` writes and `apply FILE` carries out, if nothing changed."""

import json
from pathlib import Path
from typing import Any, Final

from orchestrator.cli.exits import UsageError

FORMAT: Final = "orchestrator-plan/1"


def save(path: str, project: str, body: dict[str, Any], view: dict[str, Any]) -> None:
    """Write a plan, for its owner only: environments may hold secrets."""
    import os

    plan = {
        "format": FORMAT,
        "project": project,
        "serial": view["serial"],
        "manifests": body,
        "plan": view,
    }
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(json.dumps(plan, indent=2) + "\n")


def read(path: str, project: str) -> dict[str, Any]:
    """The body to apply, with the serial that it was planned on. Raises `UsageError`."""
    try:
        plan = json.loads(Path(path).read_bytes())
        known = plan["format"] == FORMAT
        body, serial, planned_for = dict(plan["manifests"]), int(plan["serial"]), plan["project"]
    except FileNotFoundError:
        raise UsageError(
            f"{path} does not exist", remedy="save one: orch plan --out FILE"
        ) from None
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise UsageError(
            f"{path} is no saved plan", remedy="to apply a manifest: orch apply -f " + path
        )
    if planned_for != project:
        raise UsageError(
            f"{path} was planned for project {planned_for!r}, not {project!r}",
            remedy=f"apply it with: --project {planned_for}",
        )
    return {**body, "serial": serial}
