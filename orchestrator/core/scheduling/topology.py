"""Topology spread: replicas of a service even over zones, nodes, or the values of a label.

Source: kubernetes/pkg/scheduler/framework/plugins/podtopologyspread.
"""

from collections.abc import Iterator
from typing import Final

from orchestrator.core.scheduling.affinity import node_affinity
from orchestrator.core.scheduling.checks import Check, Reasons, refusal
from orchestrator.core.scheduling.cluster import NODE, Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request
from orchestrator.model.placement import TopologySpread

SKEW: Final = "node(s) didn't match pod topology spread constraints"
NO_LABEL: Final = f"{SKEW} (missing required label)"


def topology_spread(request: Request, cluster: Cluster) -> Check | None:
    """No domain may hold more than `max_skew` replicas above the one that holds fewest.

    Domains count that have a node with the labels asked for, whether or not it has room.
    """
    checks = [
        (_even_nodes if rule.topology_key == NODE else _even_domains)(rule, request, cluster)
        for rule in request.topology_spread
        if rule.hard
    ]
    if len(checks) <= 1:
        return checks[0] if checks else None
    return lambda node: refusal(checks, node)


def _even_domains(rule: TopologySpread, request: Request, cluster: Cluster) -> Check:
    key, service, skew = rule.topology_key, request.service, rule.max_skew
    counts = cluster.counts(key)
    domains = {node.domain(key) for node, _ in _eligible(request, cluster)} - {None}
    counted = [(domain, service) for domain in domains]

    def check(node: NodeRoom) -> Reasons:
        value = node.domain(key)
        if value is None:
            return (NO_LABEL,)
        fewest = min([counts.get(at, 0) for at in counted])
        return (SKEW,) if counts.get((value, service), 0) + 1 - fewest > skew else ()

    return check


def _even_nodes(rule: TopologySpread, request: Request, cluster: Cluster) -> Check:
    service = request.service
    most = _fewest_on_a_node(request, cluster) + rule.max_skew
    return lambda node: (SKEW,) if node.replicas.get(service, 0) + 1 > most else ()


def _fewest_on_a_node(request: Request, cluster: Cluster) -> int:
    """Without looking at each: 0 if there is a node that holds none."""
    eligible = node_affinity(request, cluster)
    nodes = [cluster.nodes[name] for name in cluster.holders((request.service,))]
    held = [node.replicas[request.service] for node in nodes if not (eligible and eligible(node))]
    if len(held) < sum(size for _, size in _eligible(request, cluster)):
        return 0
    return min(held, default=0)


def _eligible(request: Request, cluster: Cluster) -> Iterator[tuple[NodeRoom, int]]:
    """One node of every class that has the labels asked for, and how many are in its class."""
    refuses = node_affinity(request, cluster)
    for node, size in cluster.kinds():
        if refuses is None or not refuses(node):
            yield node, size
