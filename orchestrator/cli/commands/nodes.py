"""`cordon`, `uncordon`, `drain`, `crash`, `recover`: orders about nodes."""

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
        return all(row["status"].endswith("Drained") for row in rows if row["name"] == bare(node))

    waiter = Waiter(session, also=drained)
    _order(session, "drain", bare(node), "draining")
    waiter.run(limit_s)


def _order(session: Session, order: str, name: str, word: str) -> None:
    view = session.client.post(f"/v1/nodes/{name}/{order}")
    session.show(view, lambda _: [f"node/{name} {word}"], [f"node/{name}"])


def crash(session: Session, nodes: options.NodeNames) -> None:
    """Cut the power of nodes: all that they run is killed at once.

    It is started anew on other nodes, and nothing is placed on these until: orch recover.
    """
    _outage(session, "crash", nodes, "crashed", "is down already")


def recover(session: Session, nodes: options.NodeNames) -> None:
    """Have crashed nodes up again, empty."""
    _outage(session, "recover", nodes, "is up again", "is up already")


def _outage(session: Session, order: str, nodes: list[str], done: str, already: str) -> None:
    view = session.client.post(f"/v1/nodes/{order}", {"nodes": [bare(name) for name in nodes]})
    lines = [f"node/{node['name']}" for node in view["nodes"]]
    changed = {f"node/{name}" for name in view["changed"]}
    told = [f"{line} {done if line in changed else already}" for line in lines]
    session.show(view, lambda _: told, lines)
