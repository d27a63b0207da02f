"""How the nodes compare that a request fits on: its preferences, then its strategy."""

from collections.abc import Callable, Hashable

from orchestrator.core.scheduling.cluster import NODE, ZONE, Cluster, NodeRoom
from orchestrator.core.scheduling.preferences import (
    OF_DOMAIN,
    OF_NODE,
    OF_SHAPE,
    ratings,
)
from orchestrator.core.scheduling.request import Request
from orchestrator.core.scheduling.scores import BY_NAME, Order, Score, strategy_of
from orchestrator.core.scheduling.steps import leading_keys, mixes

Group = Callable[[NodeRoom], Hashable]


def scorer(request: Request, cluster: Cluster) -> Callable[[NodeRoom], Score]:
    """How good a node is for the request."""
    strategy = strategy_of(request.policy)
    shared = ratings((*OF_SHAPE, *OF_DOMAIN), request, cluster)
    own = ratings(OF_NODE, request, cluster)
    if not (shared or own):
        return lambda node: strategy(request, node, cluster)

    def score(node: NodeRoom) -> Score:
        points = strategy(request, node, cluster)
        order = Order(
            tuple([rate(node) for rate in shared]) + points.order.shared,
            tuple([rate(node) for rate in own]) + points.order.own,
            node.name,
        )
        return points._replace(order=order)

    return score


def keys_of(request: Request, cluster: Cluster) -> tuple[str, ...]:
    """The topology keys, beside nodes, by which replicas change the rank of nodes they are not
    on, the zone first."""
    keys = {ZONE: None}
    keys.update(dict.fromkeys(rule.topology_key for rule in request.topology_spread))
    keys.update(dict.fromkeys(rule.key for rule in cluster.apart(request.service)))
    keys.update(dict.fromkeys(leading_keys(request.policy)))
    return tuple(key for key in keys if key != NODE)


def group_of(request: Request, cluster: Cluster, keys: tuple[str, ...]) -> Group:
    """What nodes have in common whose `Order.shared` is always the same."""
    fixed = ratings(OF_SHAPE, request, cluster)
    if not fixed and keys == (ZONE,):
        return lambda node: node.zone

    def group(node: NodeRoom) -> Hashable:
        return *(node.domain(key) for key in keys), *(rate(node) for rate in fixed)

    return group


def in_groups(request: Request) -> bool:
    """Whether a replica changes the rank within a group of no node but its own, and nodes in the
    same state are alike: then a batch needs to look at the first of each group only."""
    evens_nodes = any(rule.hard and rule.topology_key == NODE for rule in request.topology_spread)
    return not (request.policy in BY_NAME or evens_nodes or mixes(request.policy))
