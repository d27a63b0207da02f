"""How good a node is that a replica fits on: one function for each strategy.

u is the share in use once the replica is placed, f = 1 − u.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request
from orchestrator.core.scheduling.steps import leading_keys, steps_of, value_of


class Score(NamedTuple):
    """How good a node is: `cpu`, `memory` and `total` for people, `order` for the choice."""

    cpu: float
    memory: float
    total: float
    order: "Order"


class Order(NamedTuple):
    """Smaller is better, its first difference decides. What is the same for all nodes of a domain
    comes first and stands apart, for a placement changes it for nodes it does not touch."""

    shared: tuple[float, ...]
    own: tuple[float, ...]
    name: str


def binpack(request: Request, node: NodeRoom, _cluster: Cluster) -> Score:
    """Best fit: Kubernetes' MostAllocated plus BalancedAllocation, cpu and memory weighing 1 each.

    MostAllocated is the mean of ⌊100·u⌋, BalancedAllocation ⌊100·(1 − |u_cpu − u_mem|/2)⌋; the
    total is 0–200.
    Source: kubernetes/pkg/scheduler/framework/plugins/noderesources.
    """
    cpu_used = node.cpu_used + request.cpu_millicores
    memory_used = node.memory_used + request.memory_bytes
    cpu, memory = 100 * cpu_used // node.cpu_millicores, 100 * memory_used // node.memory_bytes
    apart = abs(cpu_used / node.cpu_millicores - memory_used / node.memory_bytes)
    return _by_total(node, cpu, memory, (cpu + memory) // 2 + int(100 * (1 - apart / 2)))


def nomad(request: Request, node: NodeRoom, _cluster: Cluster) -> Score:
    """Best fit as Nomad has it: 20 − (10^f_cpu + 10^f_mem), held within 0–18.

    Source: hashicorp/nomad/nomad/structs/funcs.go, ScoreFitBinPack (after Google's BestFit v3).
    """
    cpu, memory = _left(request, node)
    total = 20 - (10**cpu + 10**memory)
    return _by_total(node, 100 * (1 - cpu), 100 * (1 - memory), min(18.0, max(0.0, total)))


def least_allocated(request: Request, node: NodeRoom, _cluster: Cluster) -> Score:
    """Worst fit, the Kubernetes default: the mean of ⌊100·f⌋ over cpu and memory, 0–100.

    Source: kubernetes/pkg/scheduler/framework/plugins/noderesources/least_allocated.go.
    """
    cpu, memory = _left_percent(request, node)
    return _by_total(node, cpu, memory, (cpu + memory) // 2)


def spread(request: Request, node: NodeRoom, cluster: Cluster) -> Score:
    """Fewest replicas of the service in the zone (as ECS does), then on the node, then fewest
    replicas of any service on the node (as Swarm does).

    The total is minus the replicas in the zone, less a fraction for those on the node: 0 is best.
    Cpu and memory scores are ⌊100·f⌋ (LeastAllocated), for information.
    """
    in_zone = cluster.in_zone(node.zone, request.service)
    here = node.replicas.get(request.service, 0)
    cpu, memory = _left_percent(request, node)
    # The fraction stays below 1, for no node has more than its zone.
    total = -(in_zone + here / (in_zone + 1))
    return Score(cpu, memory, total, Order((in_zone,), (here, node.count), node.name))


def first_fit(request: Request, node: NodeRoom, _cluster: Cluster) -> Score:
    """All nodes alike: the first by name on which it fits. Cpu and memory are ⌊100·f⌋."""
    return _by_total(node, *_left_percent(request, node), 0.0)


def draw(request: Request, node: NodeRoom, _cluster: Cluster) -> Score:
    """A lot in 0–100 for each node, always the same for the same seed, service and slot.

    Rendezvous hashing: a node that comes or goes changes nobody else's order.
    """
    text = f"{request.seed}/{request.service}/{request.slot}/{node.name}"
    lot = int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
    return _by_total(node, 0.0, 0.0, 100 * lot / 2**48)


def _by_total(node: NodeRoom, cpu: float, memory: float, total: float) -> Score:
    return Score(cpu, memory, total, Order((), (-total,), node.name))


def _left(request: Request, node: NodeRoom) -> tuple[float, float]:
    cpu = node.cpu_millicores - node.cpu_used - request.cpu_millicores
    memory = node.memory_bytes - node.memory_used - request.memory_bytes
    return cpu / node.cpu_millicores, memory / node.memory_bytes


def _left_percent(request: Request, node: NodeRoom) -> tuple[int, int]:
    cpu = node.cpu_millicores - node.cpu_used - request.cpu_millicores
    memory = node.memory_bytes - node.memory_used - request.memory_bytes
    return 100 * cpu // node.cpu_millicores, 100 * memory // node.memory_bytes


def chained(request: Request, node: NodeRoom, cluster: Cluster) -> Score:
    """A chain of steps. The total is minus what the first one sees; cpu and memory are ⌊100·u⌋."""
    steps = steps_of(request.policy)
    values = tuple([value_of(step, request, node, cluster) for step in steps])
    leading = len(leading_keys(request.policy))
    cpu, memory = _left_percent(request, node)
    order = Order(values[:leading], values[leading:], node.name)
    return Score(100 - cpu, 100 - memory, -values[0], order)


Strategy = Callable[[Request, NodeRoom, Cluster], Score]
STRATEGIES: Final[Mapping[str, Strategy]] = {
    "binpack": binpack,
    "nomad": nomad,
    "least-allocated": least_allocated,
    "spread": spread,
    "first-fit": first_fit,
    "random": draw,
}


def strategy_of(policy: str) -> Strategy:
    """The strategy of that name, or that follows such steps."""
    return STRATEGIES.get(policy, chained)


BY_NAME: Final = frozenset({"random"})
"""Strategies to which nodes in the same state are not alike."""
