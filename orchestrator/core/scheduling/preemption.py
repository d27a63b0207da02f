"""Who has to leave so that a replica of higher priority fits.

Source: kubernetes/pkg/scheduler/framework/preemption and plugins/defaultpreemption.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from orchestrator.core.scheduling.checks import Check, prepared, refusal
from orchestrator.core.scheduling.cluster import Cluster
from orchestrator.core.scheduling.filters import FILTERS
from orchestrator.core.scheduling.nodes import NodeRoom
from orchestrator.core.scheduling.request import Request
from orchestrator.model.state import Replica, ReplicaId


class Tenant(NamedTuple):
    """A replica that would have to yield, and the priority of its service."""

    priority: int
    replica: Replica


class Eviction(NamedTuple):
    """The node where there will be room, and who has to leave it for that."""

    node: str
    victims: tuple[Tenant, ...]


def evict(
    request: Request,
    cluster: Cluster,
    yielding: Mapping[str, Sequence[Tenant]],
    leaving: Mapping[str, Sequence[Replica]],
) -> Eviction | None:
    """Where the replica fits once others have left; None if it does nowhere. Nothing is changed.

    By node, `yielding` are the replicas of lower priority and `leaving` those whose end was
    ordered already: their room is as good as free. The node is the one whose most important
    victim matters least, then with the least priorities in sum, the fewest victims, by name.
    """
    checks = prepared(FILTERS, request, cluster)
    found = []
    for name in yielding.keys() | leaving.keys():
        node = cluster.nodes.get(name)
        if node is not None:
            gone = leaving.get(name, ())
            victims = _victims(node, cluster, checks, yielding.get(name, ()), gone)
            if victims is not None:
                found.append(Eviction(name, victims))
    return min(found, key=_cost, default=None)


def _cost(eviction: Eviction) -> tuple[bool, list[int], int, int, str]:
    priorities = [one.priority for one in eviction.victims]
    most = [max(priorities)] if priorities else []
    return bool(priorities), most, sum(priorities), len(priorities), eviction.node


def _victims(
    node: NodeRoom,
    cluster: Cluster,
    checks: Sequence[Check],
    yielding: Sequence[Tenant],
    leaving: Sequence[Replica],
) -> tuple[Tenant, ...] | None:
    """As few as will do: of all that might have to leave, each that leaves room enough is let
    stay, the most important and the oldest first. None if it would not do if all left."""
    for replica in (*leaving, *(one.replica for one in yielding)):
        cluster.release(replica)
    victims: list[Tenant] = []
    possible = not refusal(checks, node)
    for one in sorted(yielding, key=_importance):
        cluster.hold(one.replica)
        if possible and refusal(checks, node):
            victims.append(one)
            cluster.release(one.replica)
    for replica in (*leaving, *(one.replica for one in victims)):
        cluster.hold(replica)
    return tuple(victims) if possible else None


def _importance(tenant: Tenant) -> tuple[int, float, ReplicaId]:
    return -tenant.priority, tenant.replica.created_at, tenant.replica.id
