"""The decision itself: the best node for one replica, or for many equal ones."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.explaining import Unschedulable, nowhere
from orchestrator.core.scheduling.filters import (
    NODE_FILTERS,
    ZONE_FILTERS,
    Check,
    prepared,
    refusal,
)
from orchestrator.core.scheduling.request import Request
from orchestrator.core.scheduling.scores import BY_NAME, STRATEGIES, Order

InZone = tuple[float, float, str]
"""An `Order` without its zone."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The nodes of the replicas placed, in order, and why there are not more, if so."""

    nodes: tuple[str, ...]
    refusal: Unschedulable | None = None


def place(request: Request, cluster: Cluster) -> str | Unschedulable:
    """The name of the best node, or why there is none. Nothing is reserved."""
    return find(request, cluster) or nowhere(request, cluster)


def refusal_of(request: Request, node: str, cluster: Cluster) -> Unschedulable | None:
    """Why a replica may not go to this one node; None if it may."""
    if node not in cluster.nodes:
        return Unschedulable(f"{node} is gone.")
    checks = prepared((*NODE_FILTERS, *ZONE_FILTERS), request, cluster)
    reasons = refusal(checks, cluster.nodes[node])
    return Unschedulable(f"{node}: {', '.join(reasons)}.") if reasons else None


def find(request: Request, cluster: Cluster) -> str | None:
    """The name of the best node, if there is one: for those who will not ask why."""
    score = STRATEGIES[request.policy]
    checks = prepared((*NODE_FILTERS, *ZONE_FILTERS), request, cluster)
    all_differ = request.policy in BY_NAME
    nodes = cluster.nodes.values() if all_differ else cluster.candidates(request.service)
    best = min(
        (score(request, node, cluster).order for node in nodes if not refusal(checks, node)),
        default=None,
    )
    return best.name if best else None


def place_batch(request: Request, slots: Sequence[int], cluster: Cluster) -> Batch:
    """Place a replica for each of these slots, one after the other as `place` would, and reserve
    their room."""
    if request.policy in BY_NAME:
        return _one_by_one(request, slots, cluster)
    return _Queues(request, cluster).take(len(slots))


def _one_by_one(request: Request, slots: Sequence[int], cluster: Cluster) -> Batch:
    chosen: list[str] = []
    for slot in slots:
        node = place(replace(request, slot=slot), cluster)
        if isinstance(node, Unschedulable):
            return Batch(tuple(chosen), node)
        cluster.add(node, request.service, request.cpu_millicores, request.memory_bytes)
        chosen.append(node)
    return Batch(tuple(chosen))


class _Queues:
    """A queue of nodes for each zone, best first.

    Within a zone a placement changes the rank of no node but the one it takes, so each step
    compares the zones' first ones only.
    """

    def __init__(self, request: Request, cluster: Cluster) -> None:
        self._request = request
        self._cluster = cluster
        self._score = STRATEGIES[request.policy]
        self._checks = prepared(NODE_FILTERS, request, cluster)
        self._zone_checks: Sequence[Check] = prepared(ZONE_FILTERS, request, cluster)
        self._zones: dict[str, list[InZone]] = {}
        for node in cluster.candidates(request.service):
            if not refusal(self._checks, node):
                self._zones.setdefault(node.zone, []).append(self._order(node)[1:])
        for queue in self._zones.values():
            heapify(queue)
        self._firsts = {zone: self._first(zone) for zone in self._zones}

    def take(self, count: int) -> Batch:
        """Place so many."""
        chosen: list[str] = []
        for _ in range(count):
            best = self._best()
            if best is None:
                return Batch(tuple(chosen), nowhere(self._request, self._cluster))
            self._use(self._cluster.nodes[best.name])
            chosen.append(best.name)
        return Batch(tuple(chosen))

    def _order(self, node: NodeRoom) -> Order:
        return self._score(self._request, node, self._cluster).order

    def _first(self, zone: str) -> Order | None:
        queue = self._zones[zone]
        return self._order(self._cluster.nodes[queue[0][-1]]) if queue else None

    def _best(self) -> Order | None:
        """The best of the zones' first nodes."""
        best = None
        for first in self._firsts.values():
            if first is None or (best is not None and best < first):
                continue
            if self._zone_checks and refusal(self._zone_checks, self._cluster.nodes[first.name]):
                continue
            best = first
        return best

    def _use(self, node: NodeRoom) -> None:
        """Take the first of its zone's queue: the next of its class follows, and the node itself
        as it is now, if it fits once more."""
        request, cluster, queue = self._request, self._cluster, self._zones[node.zone]
        held = request.service in node.replicas
        following = None if held else cluster.successor(node, request.service)
        cluster.add(node.name, request.service, request.cpu_millicores, request.memory_bytes)
        order, tie, _ = heappop(queue)
        if following is not None:
            heappush(queue, (order, tie, following.name))
        if not refusal(self._checks, node):
            heappush(queue, self._order(node)[1:])
        self._firsts[node.zone] = self._first(node.zone)
