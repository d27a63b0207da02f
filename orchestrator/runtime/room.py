"""Who holds room on which node: the scheduler's cluster, kept up to date instead of built anew."""

from collections.abc import Iterable, Mapping

from orchestrator.core.scheduling import Cluster
from orchestrator.model.state import Node, Phase, Replica


class Room:
    """The desired nodes and what replicas hold on them; `Cluster.of` of both, at any time."""

    def __init__(self) -> None:
        self._nodes: Mapping[str, Node] = {}
        self._cluster = Cluster({})

    def changed(self, before: Replica | None, after: Replica | None) -> None:
        """A replica came (`before` None), changed, or is known no more (`after` None)."""
        held, holds = _holding(before), _holding(after)
        if held == holds:
            return
        if before is not None and held:
            self._cluster.release(before)
        if after is not None and holds:
            self._cluster.hold(after)

    def on(self, nodes: Mapping[str, Node], replicas: Iterable[Replica]) -> Cluster:
        """The cluster of these nodes. `replicas`: all of them, for when the nodes are others."""
        if nodes is not self._nodes:
            if not self._remark(nodes):
                self._cluster = Cluster.of(nodes, replicas)
            self._nodes = nodes
        return self._cluster

    def _remark(self, nodes: Mapping[str, Node]) -> bool:
        """Cordons, drains and crashes are only marked. False if more than these has changed."""
        if nodes.keys() != self._nodes.keys():
            return False
        if any(node.spec != self._nodes[name].spec for name, node in nodes.items()):
            return False
        for name, node in nodes.items():
            if node.schedulable != self._nodes[name].schedulable:
                self._cluster.mark(name, schedulable=node.schedulable)
            if node.down != self._nodes[name].down:
                self._cluster.mark_down(name, down=node.down)
        return True


def _holding(replica: Replica | None) -> tuple[object, ...] | None:
    if replica is None or replica.phase is Phase.EXITED:
        return None
    return replica.node, *replica.holds
