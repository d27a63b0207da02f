"""Which nodes a request may use, and in kubectl's words why not the others: all filters there are.

A new filter is a function and a line in one of the two lists.
"""

from collections.abc import Sequence
from typing import Final

from orchestrator.core.scheduling.affinity import node_affinity
from orchestrator.core.scheduling.apart import apart_in_domains, apart_on_nodes
from orchestrator.core.scheduling.checks import Check, Filter, Reasons
from orchestrator.core.scheduling.cluster import Cluster
from orchestrator.core.scheduling.nodes import NodeRoom
from orchestrator.core.scheduling.request import Request
from orchestrator.core.scheduling.resources import resources
from orchestrator.core.scheduling.taints import taints
from orchestrator.core.scheduling.topology import topology_spread

DOWN: Final = "node is down"
CORDONED: Final = "node(s) were unschedulable"
PER_NODE: Final = "node(s) reached max replicas per node"


def up(_request: Request, cluster: Cluster) -> Check | None:
    """Only nodes that have not crashed."""
    if not cluster.down:
        return None
    return lambda node: (DOWN,) if node.down else ()


def cordon(_request: Request, _cluster: Cluster) -> Check:
    """Only nodes that are neither cordoned nor draining."""
    return lambda node: () if node.schedulable else (CORDONED,)


def max_per_node(request: Request, _cluster: Cluster) -> Check | None:
    """At most so many replicas of the service on one node (Swarm's max_replicas_per_node)."""
    service, most = request.service, request.max_per_node
    if most is None:
        return None

    def check(node: NodeRoom) -> Reasons:
        return (PER_NODE,) if node.replicas.get(service, 0) >= most else ()

    return check


NODE_FILTERS: Final[Sequence[Filter]] = (
    up,
    cordon,
    taints,
    node_affinity,
    resources,
    max_per_node,
    apart_on_nodes,
)
"""A node that one of these refuses stays refused however many more of the service are placed."""
DOMAIN_FILTERS: Final[Sequence[Filter]] = (apart_in_domains, topology_spread)
"""These say the same of all nodes that share their topology keys' values, and what they say
changes with replicas placed on other nodes."""
FILTERS: Final[Sequence[Filter]] = (*NODE_FILTERS, *DOMAIN_FILTERS)
