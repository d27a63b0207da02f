"""`validate`: check manifests and nothing else."""

from orchestrator.cli import options, sources
from orchestrator.cli.session import Session


def validate(session: Session, files: options.Files = None) -> None:
    """Check manifests, and nothing else.

    Tells every mistake at once, with its place and what to do.
    """
    manifests = sources.load(sources.required(files))
    body = sources.body_of(manifests)
    services, nodes = len(manifests.services), len(manifests.nodes)
    what = f"{_counted(services, 'service')}, {_counted(nodes, 'node')}"
    text = f"OK: {what} in {_counted(len(manifests.files) or 1, 'file')}"
    data = {
        "services": body["services"],
        "nodes": body["nodes"],
        "files": [str(path) for path in manifests.files],
    }
    session.show(data, lambda _: [text], sources.names_of(body))


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
