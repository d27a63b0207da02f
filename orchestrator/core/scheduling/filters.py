"""Which nodes a request may use, and in kubectl's words why not the others.

A filter is prepared once for a request and then asked of nodes. One that the request does not use
prepares to None and costs nothing. The first that refuses a node gives the reasons.
"""

from collections.abc import Callable, Sequence
from typing import Final

from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request

CORDONED: Final = "node(s) were unschedulable"
SELECTOR: Final = "node(s) didn't match Pod's node affinity/selector"
CPU: Final = "Insufficient cpu"
MEMORY: Final = "Insufficient memory"
PER_NODE: Final = "node(s) reached max replicas per node"
SKEW: Final = "node(s) didn't match pod topology spread constraints"

Reasons = tuple[str, ...]
Check = Callable[[NodeRoom], Reasons]
"""The reasons against a node; empty if there are none."""
Filter = Callable[[Request, Cluster], Check | None]


def cordon(_request: Request, _cluster: Cluster) -> Check:
    """Only nodes that are neither cordoned nor draining."""
    return lambda node: () if node.schedulable else (CORDONED,)


def node_selector(request: Request, _cluster: Cluster) -> Check | None:
    """Only nodes with all labels of the selector."""
    wanted = request.node_selector.items()
    if not wanted:
        return None
    return lambda node: () if wanted <= node.labels.items() else (SELECTOR,)


def resources(request: Request, _cluster: Cluster) -> Check:
    """Only nodes with the CPU and memory left. What is short is told together, as kubectl does."""
    cpu, memory = request.cpu_millicores, request.memory_bytes

    def check(node: NodeRoom) -> Reasons:
        short_of_cpu = node.cpu_used + cpu > node.cpu_millicores
        short_of_memory = node.memory_used + memory > node.memory_bytes
        if not (short_of_cpu or short_of_memory):
            return ()
        return (CPU,) * short_of_cpu + (MEMORY,) * short_of_memory

    return check


def max_per_node(request: Request, _cluster: Cluster) -> Check | None:
    """At most so many replicas of the service on one node (Swarm's max_replicas_per_node)."""
    service, most = request.service, request.max_per_node
    if most is None:
        return None
    return lambda node: (PER_NODE,) if node.replicas.get(service, 0) >= most else ()


def zone_skew(request: Request, cluster: Cluster) -> Check | None:
    """No zone may hold more than `max_zone_skew` replicas above the zone that holds fewest.

    Zones count that have a node with the labels asked for, whether or not it has room.
    Source: kubernetes/pkg/scheduler/framework/plugins/podtopologyspread.
    """
    service, skew = request.service, request.max_zone_skew
    if skew is None:
        return None
    eligible = node_selector(request, cluster)
    zones = {node.zone for node in cluster.kinds() if not eligible or not eligible(node)}

    def check(node: NodeRoom) -> Reasons:
        fewest = min([cluster.in_zone(zone, service) for zone in zones])
        return (SKEW,) if cluster.in_zone(node.zone, service) + 1 - fewest > skew else ()

    return check


NODE_FILTERS: Final[Sequence[Filter]] = (cordon, node_selector, resources, max_per_node)
"""A node that one of these refuses stays refused however many more of the service are placed."""
ZONE_FILTERS: Final[Sequence[Filter]] = (zone_skew,)
"""These say the same of all nodes of a zone, and may change their mind."""


def prepared(filters: Sequence[Filter], request: Request, cluster: Cluster) -> tuple[Check, ...]:
    """The checks that a request needs."""
    checks = (one(request, cluster) for one in filters)
    return tuple(check for check in checks if check is not None)


def refusal(checks: Sequence[Check], node: NodeRoom) -> Reasons:
    """The reasons of the first check that refuses the node; empty if it may be used."""
    for check in checks:
        if reasons := check(node):
            return reasons
    return ()
