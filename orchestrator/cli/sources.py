"""Manifests as named on the command line → the body of a request."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.cli.exits import UsageError

if TYPE_CHECKING:
    from orchestrator.manifest import Manifests

DEFAULT_FOLDER: Final = "manifests"


def given_or_default(files: Sequence[str] | None) -> list[str]:
    """The paths of -f; without any, `manifests/` here if there is one, else nothing."""
    if files:
        return list(files)
    return [DEFAULT_FOLDER] if Path(DEFAULT_FOLDER).is_dir() else []


def required(files: Sequence[str] | None) -> list[str]:
    """As `given_or_default`. Raises `UsageError` if there is nothing."""
    paths = given_or_default(files)
    if not paths:
        raise UsageError(
            f"no manifests: no -f, and no folder {DEFAULT_FOLDER}/ here",
            remedy="name a file or folder: -f PATH",
        )
    return paths


def load(paths: Sequence[str]) -> "Manifests":
    """The checked manifests. Raises `ManifestError`."""
    from orchestrator.manifest import load as load_manifests

    return load_manifests(paths)


def body_of(manifests: "Manifests", *, prune: bool = False) -> dict[str, Any]:
    """What the API takes: only what was written, so that defaults stay the controller's."""
    specs = {"services": manifests.services, "nodes": manifests.nodes}
    dumped = {
        kind: [spec.model_dump(mode="json", exclude_unset=True) for spec in those]
        for kind, those in specs.items()
    }
    return {**dumped, "prune": prune}


def names_of(body: dict[str, Any]) -> list[str]:
    """`node/node-1`, `service/web`."""
    kinds = (("node", "nodes"), ("service", "services"))
    return [f"{kind}/{one['name']}" for kind, key in kinds for one in body.get(key, ())]


def flags(paths: Sequence[str], *, prune: bool = False) -> list[str]:
    """The same on a command line again."""
    import shlex

    return [f"-f {shlex.quote(path)}" for path in paths] + (["--prune"] if prune else [])
