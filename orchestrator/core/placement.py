"""Where a replica goes: filters say where it fits, a policy ranks what is left.

`place` and `explain` are pure functions of a request and a cluster. All else that a scheduler
could be stays behind them.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from orchestrator.core.cluster import Cluster, NodeRoom
from orchestrator.model.spec import ServiceSpec

__all__ = ["Cluster", "NodeVerdict", "Request", "Unschedulable", "explain", "place", "refusals"]

CORDONED: Final = "node(s) were unschedulable"
SELECTOR: Final = "node(s) didn't match Pod's node affinity/selector"
CPU: Final = "Insufficient cpu"
MEMORY: Final = "Insufficient memory"


@dataclass(frozen=True, slots=True)
class Request:
    """What one replica asks for. `slot` and `seed` matter to the random policy only."""

    service: str
    slot: int
    cpu_millicores: int
    memory_bytes: int
    node_selector: Mapping[str, str] = field(default_factory=dict)
    policy: str = "binpack"
    seed: int = 0

    @classmethod
    def of(cls, spec: ServiceSpec, slot: int) -> "Request":
        """What a replica of a service asks for."""
        return cls(
            service=spec.name,
            slot=slot,
            cpu_millicores=spec.resources.request_cpu_millicores,
            memory_bytes=spec.resources.request_memory_bytes,
            node_selector=spec.placement.node_selector,
            policy=spec.placement.policy,
            seed=spec.placement.seed,
        )


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


class Score(NamedTuple):
    """How good a node is: `total` first, then `tie` (smaller is better), then its name."""

    cpu: float
    memory: float
    total: float
    tie: float = 0.0


def place(request: Request, cluster: Cluster) -> str | Unschedulable:
    """The name of the best node, or why there is none."""
    score = POLICIES[request.policy]
    best = min(
        (
            _rank(score(request, node, cluster), node)
            for node in cluster.nodes.values()
            if not any(refusals(request, node))
        ),
        default=None,
    )
    return best[-1] if best else Unschedulable(_nowhere(request, cluster))


def explain(request: Request, cluster: Cluster) -> tuple[NodeVerdict, ...]:
    """What is to be said of every node: the chosen one first, then by rank, then those that do
    not fit by name."""
    chosen = place(request, cluster)
    score = POLICIES[request.policy]
    fitting, refused = [], []
    for node in cluster.nodes.values():
        if reasons := list(refusals(request, node)):
            refused.append(NodeVerdict(node.name, node.zone, False, ", ".join(reasons), 0, 0, 0))
            continue
        points = score(request, node, cluster)
        verdict = NodeVerdict(
            node.name, node.zone, True, "", *points[:3], chosen=node.name == chosen
        )
        fitting.append((_rank(points, node), verdict))
    ranked = [verdict for _, verdict in sorted(fitting, key=lambda pair: pair[0])]
    return (*ranked, *sorted(refused, key=lambda verdict: verdict.node))


def _rank(score: Score, node: NodeRoom) -> tuple[float, float, str]:
    return (-score.total, score.tie, node.name)


# -- filters: first match wins, but resources are told together, as kubectl does -----------------


def refusals(request: Request, node: NodeRoom) -> Iterator[str]:
    """Why the request does not fit on the node, in kubectl's words; nothing if it fits."""
    if not node.schedulable:
        yield CORDONED
    elif any(node.labels.get(key) != value for key, value in request.node_selector.items()):
        yield SELECTOR
    else:
        if node.cpu_used + request.cpu_millicores > node.cpu_millicores:
            yield CPU
        if node.memory_used + request.memory_bytes > node.memory_bytes:
            yield MEMORY


def _nowhere(request: Request, cluster: Cluster) -> str:
    counts: dict[str, int] = {}
    for node in cluster.nodes.values():
        for reason in refusals(request, node):
            counts[reason] = counts.get(reason, 0) + 1
    told = ", ".join(f"{counts[reason]} {reason}" for reason in sorted(counts))
    return f"0/{len(cluster.nodes)} nodes are available: {told or 'there are no nodes'}."


# -- policies -------------------------------------------------------------------------------------


def binpack(request: Request, node: NodeRoom, _cluster: Cluster) -> Score:
    """Best fit: Kubernetes' MostAllocated plus BalancedAllocation, cpu and memory weighing 1 each.

    MostAllocated is the mean of ⌊100·u⌋, BalancedAllocation ⌊100·(1 − |u_cpu − u_mem|/2)⌋, u the
    share in use once the replica is placed; the total is 0–200.
    Source: kubernetes/pkg/scheduler/framework/plugins/noderesources.
    """
    cpu_used = node.cpu_used + request.cpu_millicores
    memory_used = node.memory_used + request.memory_bytes
    cpu, memory = 100 * cpu_used // node.cpu_millicores, 100 * memory_used // node.memory_bytes
    apart = abs(cpu_used / node.cpu_millicores - memory_used / node.memory_bytes)
    return Score(cpu, memory, (cpu + memory) // 2 + int(100 * (1 - apart / 2)))


def spread(request: Request, node: NodeRoom, cluster: Cluster) -> Score:
    """Fewest replicas of the service in the zone (as ECS does), then on the node, then fewest
    replicas of any service on the node (as Swarm does).

    The total is minus the replicas in the zone, less a fraction for those on the node: 0 is best.
    Cpu and memory scores are ⌊100·(1 − u)⌋ (LeastAllocated), for information.
    """
    in_zone = cluster.in_zone(node.zone, request.service)
    here = node.replicas.get(request.service, 0)
    cpu_left = node.cpu_millicores - node.cpu_used - request.cpu_millicores
    memory_left = node.memory_bytes - node.memory_used - request.memory_bytes
    return Score(
        cpu=100 * cpu_left // node.cpu_millicores,
        memory=100 * memory_left // node.memory_bytes,
        # The fraction stays below 1, for no node has more than its zone: order is by zone first.
        total=-(in_zone + here / (in_zone + 1)),
        tie=sum(node.replicas.values()),
    )


def draw(request: Request, node: NodeRoom, _cluster: Cluster) -> Score:
    """A lot in 0–100 for each node, always the same for the same seed, service and slot.

    Rendezvous hashing: a node that comes or goes changes nobody else's order.
    """
    text = f"{request.seed}/{request.service}/{request.slot}/{node.name}"
    lot = int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
    return Score(0.0, 0.0, 100 * lot / 2**48)


Policy = Callable[[Request, NodeRoom, Cluster], Score]
POLICIES: Final[Mapping[str, Policy]] = {"binpack": binpack, "spread": spread, "random": draw}
