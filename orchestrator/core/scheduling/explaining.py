"""What is to be said of a placement: of every node, or of the lack of one."""

from dataclasses import dataclass

from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.filters import (
    CPU,
    MEMORY,
    NODE_FILTERS,
    ZONE_FILTERS,
    prepared,
    refusal,
)
from orchestrator.core.scheduling.request import Request
from orchestrator.core.scheduling.scores import STRATEGIES
from orchestrator.model.quantity import format_cpu, format_memory


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
    checks = prepared((*NODE_FILTERS, *ZONE_FILTERS), request, cluster)
    score = STRATEGIES[request.policy]
    fitting, refused = [], []
    for node in cluster.nodes.values():
        if reasons := refusal(checks, node):
            refused.append(NodeVerdict(node.name, node.zone, False, ", ".join(reasons), 0, 0, 0))
        else:
            points = score(request, node, cluster)
            fitting.append((points.order, node.zone, points))
    ranked = [
        NodeVerdict(order.name, zone, True, "", *points[:3], chosen=index == 0)
        for index, (order, zone, points) in enumerate(sorted(fitting))
    ]
    return (*ranked, *sorted(refused, key=lambda verdict: verdict.node))


def nowhere(request: Request, cluster: Cluster) -> Unschedulable:
    """Why there is no node, and how much more room would do."""
    checks = prepared((*NODE_FILTERS, *ZONE_FILTERS), request, cluster)
    counts: dict[str, int] = {}
    short = []
    for node in cluster.nodes.values():
        reasons = refusal(checks, node)
        for reason in reasons:
            counts[reason] = counts.get(reason, 0) + 1
        if CPU in reasons or MEMORY in reasons:
            short.append(node)
    told = ", ".join(f"{counts[reason]} {reason}" for reason in sorted(counts))
    sentence = f"0/{len(cluster.nodes)} nodes are available: {told or 'there are no nodes'}."
    return Unschedulable(f"{sentence} {_remedy(request, short)}" if short else sentence)


def _remedy(request: Request, short: list[NodeRoom]) -> str:
    """What the nodes lack that would do with least more of their capacity."""
    lacks = {node.name: _lack(request, node) for node in short}

    def growth(node: NodeRoom) -> tuple[float, float, str]:
        cpu, memory = lacks[node.name]
        shares = cpu / node.cpu_millicores, memory / node.memory_bytes
        return max(shares), sum(shares), node.name

    best = min(short, key=growth)
    cpu, memory = lacks[best.name]
    parts = [f"{format_cpu(cpu)} more CPU"] * (cpu > 0)
    parts += [f"{format_memory(memory)} more memory"] * (memory > 0)
    alike = sorted(name for name, lack in lacks.items() if lack == (cpu, memory))
    more = f" and {len(alike) - 3} more" if len(alike) > 3 else ""
    where = f"one of: {', '.join(alike[:3])}{more}" if alike[1:] else alike[0]
    return f"It needs {' and '.join(parts)} on {where}."


def _lack(request: Request, node: NodeRoom) -> tuple[int, int]:
    return (
        max(0, node.cpu_used + request.cpu_millicores - node.cpu_millicores),
        max(0, node.memory_used + request.memory_bytes - node.memory_bytes),
    )
