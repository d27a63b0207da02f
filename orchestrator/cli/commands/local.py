"""`schema` and `version`: answers that need nothing but this program."""

from typing import Annotated, Literal

import typer

from orchestrator.cli.formats import Format, dump
from orchestrator.cli.session import Session


def schema(
    session: Session,
    what: Annotated[
        Literal["manifest", "study"], typer.Argument(metavar="[WHAT]", help="manifest or study.")
    ] = "manifest",
) -> None:
    """Print the JSON Schema of manifests, or of studies."""
    from orchestrator.manifest import schema as manifest_schema
    from orchestrator.manifest.study import study_schema

    if what == "study":
        return session.show(
            study_schema(), lambda _: [dump(study_schema(), Format.JSON)], ["kind/Study"]
        )
    found = manifest_schema()
    kinds = [f"kind/{name.removesuffix('Spec')}" for name in ("ServiceSpec", "NodeSpec")]
    return session.show(found, lambda _: [dump(found, Format.JSON)], kinds)


def version(session: Session) -> None:
    """Print the version."""
    import platform

    from orchestrator import __version__

    data = {"orchestrator": __version__, "python": platform.python_version()}
    text = [f"orchestrator {__version__} (Python {platform.python_version()})"]
    session.show(data, lambda _: text, [f"orchestrator/{__version__}"])
