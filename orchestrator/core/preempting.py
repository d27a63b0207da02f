"""Replicas of less important services make way for those of more important ones.

Only slots that are empty and found no room ask for it, and only services of strictly lower
priority yield, so no two services ever take each other's place in turn. None loses more than its
budget, `minAvailable`, lets go. A gang asks nobody to
leave: it might not start even then.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.core.draft import Draft
from orchestrator.core.scheduling import Request
from orchestrator.core.scheduling.preemption import Tenant, evict
from orchestrator.core.slots import Slot
from orchestrator.model.state import Phase, Replica, ReplicaId, Service


def make_way(draft: Draft, service: Service, slots: Sequence[Slot]) -> None:
    """Order the end of as few replicas as will do. What is to come free is kept for the slots:
    who is decided on later finds it taken."""
    if service.spec.placement.gang or not _outranks_any(service, draft):
        return
    yielding, leaving = _by_node(service, draft)
    spare = _spare(draft)
    for slot in slots:
        request = Request.of(service.spec, slot.key.slot)
        within = {node: _within(spare, tenants) for node, tenants in yielding.items()}
        eviction = evict(request, draft.cluster, within, leaving)
        if eviction is None:
            return
        node, victims = eviction
        for victim in victims:
            spare[victim.replica.id.service] -= 1
            draft.stop(victim.replica, f"preempted by {slot.key.name}")
            yielding[node].remove(victim)
            leaving.setdefault(node, []).append(victim.replica)
        draft.cluster.add(node, service.name, *request.holds)
        draft.preempting.add(service.name)


def _spare(draft: Draft) -> defaultdict[str, float]:
    """How many replicas each service may lose: those that are ready and stay, less its
    `minAvailable`. As for a PodDisruptionBudget of Kubernetes, one that is not ready counts as
    none to spare: a service that has too few loses none at all."""
    spare = defaultdict[str, float](lambda: math.inf)
    for name, service in draft.desired.services.items():
        if service.spec.min_available:
            spare[name] = -service.spec.min_available
    for replica in draft.everyone:
        if replica.id.service in spare and replica.ready and not _leaves(replica, draft):
            spare[replica.id.service] += 1
    return spare


def _within(spare: Mapping[str, float], tenants: list[Tenant]) -> list[Tenant]:
    """Of a node's tenants those that their services can spare, the youngest of each first."""
    found: list[Tenant] = []
    taken: Counter[str] = Counter()
    for one in sorted(tenants, key=_age, reverse=True):
        service = one.replica.id.service
        if taken[service] < spare[service]:
            taken[service] += 1
            found.append(one)
    return found


def _age(tenant: Tenant) -> tuple[float, ReplicaId]:
    return tenant.replica.created_at, tenant.replica.id


def _leaves(replica: Replica, draft: Draft) -> bool:
    return replica.phase is Phase.STOPPING or (replica.active and draft.stops(replica))


def by_importance(services: Iterable[str], draft: Draft) -> list[str]:
    """The order in which to decide: what is no more wanted first, for it only makes room; then by
    descending priority, by name."""

    def key(name: str) -> tuple[bool, int, str]:
        service = draft.desired.services.get(name)
        return service is not None, -service.spec.priority if service else 0, name

    return sorted(services, key=key)


def _outranks_any(service: Service, draft: Draft) -> bool:
    priority = service.spec.priority
    return any(other.spec.priority < priority for other in draft.desired.services.values())


def _by_node(
    service: Service, draft: Draft
) -> tuple[dict[str, list[Tenant]], dict[str, list[Replica]]]:
    """Who is of lower priority, and who is leaving already. Replicas of services that nobody
    declares are left alone."""
    yielding: dict[str, list[Tenant]] = {}
    leaving: dict[str, list[Replica]] = {}
    for replica in draft.everyone:
        other = draft.desired.services.get(replica.id.service)
        if _leaves(replica, draft):
            leaving.setdefault(replica.node, []).append(replica)
        elif replica.active and other and other.spec.priority < service.spec.priority:
            tenant = Tenant(other.spec.priority, replica)
            yielding.setdefault(replica.node, []).append(tenant)
    return yielding, leaving
