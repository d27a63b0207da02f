"""Manifests for those who cannot read files here: from text, and from the past."""

from pathlib import Path
from typing import Final

from orchestrator.manifest import from_text
from orchestrator.model.bodies import ManifestBody, ManifestText
from orchestrator.model.errors import InvalidRequestError, ManifestError, Problem
from orchestrator.model.text import printable
from orchestrator.model.views import FaultView, PreviousView, ReadView
from orchestrator.runtime.controller import Controller

# As the command line, which takes this folder without -f.
MANIFESTS: Final = "manifests"


def default_folder() -> Path:
    """`manifests/` where the controller was started, or that place itself if there is none."""
    here = Path.cwd()
    return here / MANIFESTS if (here / MANIFESTS).is_dir() else here


def read(body: ManifestText) -> ReadView:
    """What the text asks for, or what is wrong. Raises `InvalidRequestError` for its folder."""
    base = Path(body.folder) if body.folder else default_folder()
    if not base.is_absolute() or not base.is_dir():
        raise InvalidRequestError(
            f"the folder {printable(body.folder)} does not exist",
            remedy="name the folder, from / on, that relative paths in the manifest start at",
        )
    try:
        found = from_text(body.text.encode(), name="text", base=base)
    except ManifestError as error:
        return ReadView(faults=tuple(map(_fault, error.problems)))
    return ReadView(manifests=ManifestBody(services=found.services, nodes=found.nodes))


def previous(controller: Controller) -> PreviousView:
    """What was wanted before the last apply."""
    change = controller.cluster.desired.previous()
    if change is None:
        return PreviousView()
    return PreviousView(
        manifests=ManifestBody(services=change.services, nodes=change.nodes, prune=change.prune)
    )


def _fault(problem: Problem) -> FaultView:
    return FaultView(
        line=problem.line,
        column=problem.column,
        field=problem.field,
        message=problem.message,
        remedy=problem.remedy,
    )
