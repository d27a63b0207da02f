"""The decision itself: the best node for one replica, or for many equal ones."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush

from orchestrator.core.scheduling.checks import prepared, refusal
from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.explaining import Unschedulable, nowhere
from orchestrator.core.scheduling.filters import DOMAIN_FILTERS, FILTERS, NODE_FILTERS
from orchestrator.core.scheduling.ranking import group_of, in_groups, keys_of, scorer
from orchestrator.core.scheduling.request import Request
from orchestrator.core.scheduling.scores import BY_NAME, Order

Own = tuple[tuple[float, ...], str]
"""An `Order` without what nodes of a group share."""


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
    checks = prepared(FILTERS, request, cluster)
    reasons = refusal(checks, cluster.nodes[node])
    return Unschedulable(f"{node}: {', '.join(reasons)}.") if reasons else None


def find(request: Request, cluster: Cluster) -> str | None:
    """The name of the best node, if there is one: for those who will not ask why."""
    score = scorer(request, cluster)
    checks = prepared(FILTERS, request, cluster)
    nodes: Iterable[NodeRoom]
    if request.policy in BY_NAME:
        nodes = cluster.nodes.values()
    else:
        nodes = cluster.candidates(cluster.distinct(request.service))
    best = min((score(node).order for node in nodes if not refusal(checks, node)), default=None)
    return best.name if best else None


def place_batch(request: Request, slots: Sequence[int], cluster: Cluster) -> Batch:
    """Place a replica for each of these slots, one after the other as `place` would, and reserve
    their room. Of a gang all are placed, or none."""
    if in_groups(request):
        batch = _Queues(request, cluster).take(len(slots))
    else:
        batch = _one_by_one(request, slots, cluster)
    if request.gang and batch.nodes and batch.refusal:
        return _none(request, batch, batch.refusal, cluster)
    return batch


def _none(request: Request, batch: Batch, refusal: Unschedulable, cluster: Cluster) -> Batch:
    """The room is given back."""
    for node in batch.nodes:
        cluster.remove(node, request.service, *request.holds)
    placed = len(batch.nodes)
    return Batch((), Unschedulable(f"Only {placed} of the gang would fit, then: {refusal.reason}"))


def _one_by_one(request: Request, slots: Sequence[int], cluster: Cluster) -> Batch:
    chosen: list[str] = []
    for slot in slots:
        node = place(replace(request, slot=slot), cluster)
        if isinstance(node, Unschedulable):
            return Batch(tuple(chosen), node)
        cluster.add(node, request.service, *request.holds)
        chosen.append(node)
    return Batch(tuple(chosen))


class _Queues:
    """A queue of nodes for each group, best first.

    Within a group a placement changes the rank of no node but the one it takes, so each step
    compares the groups' first ones only.
    """

    def __init__(self, request: Request, cluster: Cluster) -> None:
        self._request = request
        self._cluster = cluster
        self._holds = request.holds
        self._distinct = cluster.distinct(request.service)
        self._score = scorer(request, cluster)
        self._checks = prepared(NODE_FILTERS, request, cluster)
        self._domain_checks = prepared(DOMAIN_FILTERS, request, cluster)
        keys = keys_of(request, cluster)
        self._entangled = len(keys) > 1
        self._group = group_of(request, cluster, keys)
        self._queues: dict[Hashable, list[Own]] = {}
        for node in cluster.candidates(self._distinct):
            if not refusal(self._checks, node):
                self._queues.setdefault(self._group(node), []).append(self._score(node).order[1:])
        for queue in self._queues.values():
            heapify(queue)
        self._firsts = {group: self._first(group) for group in self._queues}

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

    def _first(self, group: Hashable) -> Order | None:
        queue = self._queues[group]
        return self._score(self._cluster.nodes[queue[0][-1]]).order if queue else None

    def _best(self) -> Order | None:
        """The best of the groups' first nodes."""
        best = None
        for first in self._firsts.values():
            if first is None or (best is not None and best < first):
                continue
            checks = self._domain_checks
            if checks and refusal(checks, self._cluster.nodes[first.name]):
                continue
            best = first
        return best

    def _use(self, node: NodeRoom) -> None:
        """Take the first of its group's queue: the next of its class follows, and the node itself
        as it is now, if it fits once more."""
        request, cluster, group = self._request, self._cluster, self._group(node)
        queue = self._queues[group]
        ordinary = node.replicas.keys().isdisjoint(self._distinct)
        following = cluster.successor(node, self._distinct) if ordinary else None
        cluster.add(node.name, request.service, *self._holds)
        own, _ = heappop(queue)
        if following is not None:
            heappush(queue, (own, following.name))
        if not refusal(self._checks, node):
            heappush(queue, self._score(node).order[1:])
        for changed in self._queues if self._entangled else (group,):
            self._firsts[changed] = self._first(changed)
