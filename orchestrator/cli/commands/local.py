"""`schema` and `version`: answers that need nothing but this program."""

from orchestrator.cli.formats import Format, dump
from orchestrator.cli.session import Session


def schema(session: Session) -> None:
    """Print the JSON Schema of manifests."""
    from orchestrator.manifest import schema as manifest_schema

    found = manifest_schema()
    kinds = [f"kind/{name.removesuffix('Spec')}" for name in ("ServiceSpec", "NodeSpec")]
    session.show(found, lambda _: [dump(found, Format.JSON)], kinds)


def version(session: Session) -> None:
    """Print the version."""
    import platform

    from orchestrator import __version__

    data = {"orchestrator": __version__, "python": platform.python_version()}
    text = [f"orchestrator {__version__} (Python {platform.python_version()})"]
    session.show(data, lambda _: text, [f"orchestrator/{__version__}"])
