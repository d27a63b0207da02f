"""The manifests that a project would be started with."""

from collections.abc import Iterator

from orchestrator.cli.checks.finding import Finding, Level, Subject
from orchestrator.manifest import load
from orchestrator.model.errors import ManifestError
from orchestrator.model.spec import ServiceSpec


def services_of(subject: Subject) -> tuple[ServiceSpec, ...]:
    """Their services; none where there are no manifests, or mistakes in them."""
    try:
        return load(subject.manifests).services if subject.manifests else ()
    except ManifestError:
        return ()


def manifests(subject: Subject) -> Iterator[Finding]:
    """Whether they can be used."""
    if not subject.manifests:
        return
    try:
        found = load(subject.manifests)
    except ManifestError as error:
        text = f"{len(error.problems)} mistake(s) in {', '.join(subject.manifests)}"
        yield Finding("manifests", Level.ERROR, text, "see: orch validate")
    else:
        yield Finding("manifests", Level.OK, f"{len(found.services)} service(s), no mistakes")
