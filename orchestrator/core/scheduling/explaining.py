"""What is to be said of a placement: of every node, or of the lack of one."""

from dataclasses import dataclass

from orchestrator.core.scheduling.checks import prepared, refusal
from orchestrator.core.scheduling.cluster import Cluster
from orchestrator.core.scheduling.filters import DOWN, FILTERS
from orchestrator.core.scheduling.ranking import scorer
from orchestrator.core.scheduling.remedies import remedy
from orchestrator.core.scheduling.request import Request
from orchestrator.core.scheduling.resources import SHORT


@dataclass(frozen=True, slots=True)
class Unschedulable:
    """It fits nowhere. `reason` is kubectl's sentence, its parts sorted by their words so that it
    changes no more than it must."""

    reason: str


@dataclass(frozen=True, slots=True)
class NodeVerdict:
    """What was said of one node. Scores are 0 where it does not fit."""

    node: str
    zone: str
    fits: bool
    reason: str
    cpu_score: float
    memory_score: float
    total: float
    chosen: bool = False


def explain(request: Request, cluster: Cluster) -> tuple[NodeVerdict, ...]:
    """What is to be said of every node: the chosen one first, then by rank, then those that do
    not fit by name."""
    checks = prepared(FILTERS, request, cluster)
    score = scorer(request, cluster)
    fitting, refused = [], []
    for node in cluster.nodes.values():
        if reasons := refusal(checks, node):
            refused.append(NodeVerdict(node.name, node.zone, False, ", ".join(reasons), 0, 0, 0))
        else:
            points = score(node)
            fitting.append((points.order, node.zone, points))
    ranked = [
        NodeVerdict(order.name, zone, True, "", *points[:3], chosen=index == 0)
        for index, (order, zone, points) in enumerate(sorted(fitting))
    ]
    return (*ranked, *sorted(refused, key=lambda verdict: verdict.node))


def nowhere(request: Request, cluster: Cluster) -> Unschedulable:
    """Why there is no node, and how much more room would do."""
    checks = prepared(FILTERS, request, cluster)
    counts: dict[str, int] = {}
    short = []
    for node in cluster.nodes.values():
        reasons = refusal(checks, node)
        for reason in reasons:
            counts[reason] = counts.get(reason, 0) + 1
        if reasons and reasons[0].startswith(SHORT):
            short.append(node)
    told = ", ".join(_counted(counts[reason], reason) for reason in sorted(counts))
    sentence = f"0/{len(cluster.nodes)} nodes are available: {told or 'there are no nodes'}."
    return Unschedulable(f"{sentence} {remedy(request, short)}" if short else sentence)


def _counted(nodes: int, reason: str) -> str:
    return f"{nodes} nodes are down" if reason == DOWN and nodes > 1 else f"{nodes} {reason}"
