"""What projects without a controller have left."""

from collections.abc import Iterator

from docker.errors import DockerException

from orchestrator.cli.checks.finding import Finding, Level, Subject
from orchestrator.engines.docker.address import find
from orchestrator.model.errors import EngineError, InvalidRequestError
from orchestrator.model.names import LABEL_PROJECT
from orchestrator.runtime.project import Project

TIMEOUT_S = 5


def leftovers(subject: Subject) -> Iterator[Finding]:
    """State folders and containers of projects that nobody controls."""
    projects = dict(_projects(subject))
    containers = _containers()
    dead = {name for name, project in projects.items() if project.controller() is None}
    strangers = containers.keys() - projects.keys()
    for name in sorted(dead):
        count = f", {containers[name]} container(s)" if name in containers else ""
        text = f"project {name!r} has state{count} but no controller"
        remedy = f"orch up --project {name} takes it over, orch down --project {name} removes it"
        yield Finding("leftovers", Level.WARNING, text, remedy)
    for name in sorted(strangers):
        text = f"{containers[name]} container(s) of project {name!r}, whose state is elsewhere"
        remedy = f"if nobody uses it: orch down --project {name}"
        yield Finding("leftovers", Level.WARNING, text, remedy)
    if not dead and not strangers:
        yield Finding("leftovers", Level.OK, "nothing left of projects that do not run")


def _projects(subject: Subject) -> Iterator[tuple[str, Project]]:
    base = subject.project.folder.parent
    for folder in sorted(base.iterdir()) if base.is_dir() else ():
        try:
            yield folder.name, Project(folder.name, base)
        except InvalidRequestError:
            continue


def _containers() -> dict[str, int]:
    """How many containers each project has; none where Docker does not answer."""
    counts: dict[str, int] = {}
    try:
        client = find().dial(TIMEOUT_S)
        try:
            for container in client.containers(all=True, filters={"label": LABEL_PROJECT}):
                name = container["Labels"][LABEL_PROJECT]
                counts[name] = counts.get(name, 0) + 1
        finally:
            client.close()
    except (DockerException, OSError, EngineError):
        return {}
    return counts
