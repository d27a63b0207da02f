"""What a request would rather have: it decides before the strategy does.

A preference is prepared once for a request, as a filter is; smaller is better. A new one is a
function and a line in one of the lists.
"""

from collections.abc import Callable, Sequence
from typing import Final

from orchestrator.core.scheduling.cluster import NODE, Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request
from orchestrator.core.scheduling.taints import untolerated

Rating = Callable[[NodeRoom], float]
Preference = Callable[[Request, Cluster], Rating | None]


def untainted(request: Request, cluster: Cluster) -> Rating | None:
    """Fewest PreferNoSchedule taints that the service does not tolerate."""
    if not cluster.tainted:
        return None

    def rate(node: NodeRoom) -> float:
        left = untolerated(node.taints, request.tolerations)
        return sum(taint.effect == "PreferNoSchedule" for taint in left)

    return rate


def preferred_affinity(request: Request, _cluster: Cluster) -> Rating | None:
    """The most weight of preferred expressions that are met."""
    preferred = request.affinity.preferred
    if not preferred:
        return None

    def rate(node: NodeRoom) -> float:
        return -sum(one.weight for one in preferred if one.matches(node.labels.get(one.key)))

    return rate


def even_domains(request: Request, cluster: Cluster) -> Rating | None:
    """Fewest replicas of the service in zones or values of labels, where ScheduleAnyway is said.
    A node without the label comes last."""
    keys = [key for key in soft_keys(request) if key != NODE]
    if not keys:
        return None

    def rate(node: NodeRoom) -> float:
        return sum(_held(node, key, request.service, cluster) for key in keys)

    return rate


def even_nodes(request: Request, _cluster: Cluster) -> Rating | None:
    """Fewest replicas of the service on the node, where ScheduleAnyway is said of nodes."""
    if NODE not in soft_keys(request):
        return None
    return lambda node: node.replicas.get(request.service, 0)


def soft_keys(request: Request) -> list[str]:
    """The topology keys that replicas are evened out over as well as can be."""
    return [rule.topology_key for rule in request.topology_spread if not rule.hard]


def _held(node: NodeRoom, key: str, service: str, cluster: Cluster) -> float:
    value = node.domain(key)
    return cluster.in_domain(key, value, service) if value is not None else float("inf")


OF_SHAPE: Final[Sequence[Preference]] = (untainted, preferred_affinity)
"""A node's rating never changes."""
OF_DOMAIN: Final[Sequence[Preference]] = (even_domains,)
"""The same for all nodes that share their topology keys' values."""
OF_NODE: Final[Sequence[Preference]] = (even_nodes,)
"""Changes only with what is placed on the node itself."""


def ratings(
    preferences: Sequence[Preference], request: Request, cluster: Cluster
) -> tuple[Rating, ...]:
    """Those that the request uses."""
    found = (one(request, cluster) for one in preferences)
    return tuple(rate for rate in found if rate is not None)
