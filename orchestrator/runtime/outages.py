"""Power cuts on nodes: what people order, and what is told of it.

The decision does the rest: it kills whatever a node that is down still runs, and starts it anew
elsewhere.
"""

from collections.abc import Iterable

from orchestrator.model.state import Phase
from orchestrator.runtime.cluster import Cluster


class Outages:
    """Nodes crash, and are up again."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def crash(self, nodes: Iterable[str]) -> list[str]:
        """All of these are down from now on, and so with one stroke; the names of those that were
        up. Raises `NotFoundError`, `StateError`: then nothing has changed."""
        crashed = self._cluster.desired.set_down(nodes, down=True)
        for name in crashed:
            lost = self._running_on(name)
            what = f"the node crashed with {lost} replica{'s' * (lost != 1)} on it"
            self._cluster.log.warning("NodeNotReady", f"node/{name}", what)
        self._cluster.touch_all()
        return crashed

    def recover(self, nodes: Iterable[str]) -> list[str]:
        """They are up again, and empty; the names of those that were down. Raises
        `NotFoundError`, `StateError`: then nothing has changed."""
        recovered = self._cluster.desired.set_down(nodes, down=False)
        for name in recovered:
            self._cluster.log.normal("NodeReady", f"node/{name}", "the node is up again, and empty")
        self._cluster.touch_all()
        return recovered

    def _running_on(self, node: str) -> int:
        known = self._cluster.observed.replicas.values()
        return sum(one.node == node and one.phase is not Phase.EXITED for one in known)
