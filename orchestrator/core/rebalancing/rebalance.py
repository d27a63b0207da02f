"""The whole decision: from what is wanted and what is to the moves."""

from dataclasses import dataclass

from orchestrator.core.rebalancing.planning import Move, plan_moves
from orchestrator.core.rebalancing.tenants import tenants_of
from orchestrator.core.scheduling import Cluster
from orchestrator.model.state import Desired, Observed

__all__ = ["Rebalancing", "rebalance"]


@dataclass(frozen=True, slots=True)
class Rebalancing:
    """A plan: its moves, and how many nodes hold something before and after it."""

    moves: tuple[Move, ...]
    nodes_before: int
    nodes_after: int

    def __str__(self) -> str:
        count = f"{len(self.moves)} move{'s' * (len(self.moves) != 1)}"
        return f"{count}, nodes in use {self.nodes_before} -> {self.nodes_after}"


def rebalance(desired: Desired, observed: Observed, most: int | None = None) -> Rebalancing:
    """What may be moved to free nodes, by at most `most` moves if given."""
    cluster = Cluster.of(desired.nodes, observed.replicas)
    before = sum(node.count > 0 for node in cluster.nodes.values())
    tenants = list(tenants_of(desired, observed))
    moves = plan_moves(cluster, tenants, len(tenants) if most is None else most)
    return Rebalancing(moves, before, before - len({move.source for move in moves}))
