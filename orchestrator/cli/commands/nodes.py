"""`cordon`, `uncordon`, `drain`: orders about nodes."""

from orchestrator.cli import options
from orchestrator.cli.formats import bare
from orchestrator.cli.session import Session


def cordon(session: Session, node: options.NodeName) -> None:
    """Place nothing more on a node."""
    _order(session, "cordon", bare(node), "cordoned")


def uncordon(session: Session, node: options.NodeName) -> None:
    """Use a node again."""
    _order(session, "uncordon", bare(node), "uncordoned")


def drain(
    session: Session,
    node: options.NodeName,
    wait: options.Wait = False,
    timeout: options.Timeout = "60s",
) -> None:
    """Move every replica away from a node."""
    limit_s = options.seconds(timeout)
    if not wait:
        _order(session, "drain", bare(node), "draining")
        return
    from orchestrator.cli.waiting import Waiter

    def drained() -> bool:
        rows = session.client.get("/v1/nodes")
        return all(row["status"] == "Drained" for row in rows if row["name"] == bare(node))

    waiter = Waiter(session, also=drained)
    _order(session, "drain", bare(node), "draining")
    waiter.run(limit_s)


def _order(session: Session, order: str, name: str, word: str) -> None:
    view = session.client.post(f"/v1/nodes/{name}/{order}")
    session.show(view, lambda _: [f"node/{name} {word}"], [f"node/{name}"])
