"""Replicas of less important services make way for those of more important ones.

Only slots that are empty and found no room ask for it, and only services of strictly lower
priority yield, so no two services ever take each other's place in turn. A gang asks nobody to
leave: it might not start even then.
"""

from collections.abc import Iterable, Sequence

from orchestrator.core.draft import Draft
from orchestrator.core.scheduling import Request
from orchestrator.core.scheduling.preemption import Tenant, evict
from orchestrator.core.slots import Slot
from orchestrator.model.state import Phase, Replica, Service


def make_way(draft: Draft, service: Service, slots: Sequence[Slot]) -> None:
    """Order the end of as few replicas as will do. What is to come free is kept for the slots:
    who is decided on later finds it taken."""
    if service.spec.placement.gang or not _outranks_any(service, draft):
        return
    yielding, leaving = _by_node(service, draft)
    for slot in slots:
        request = Request.of(service.spec, slot.key.slot)
        eviction = evict(request, draft.cluster, yielding, leaving)
        if eviction is None:
            return
        node, victims = eviction
        for victim in victims:
            draft.stop(victim.replica, f"preempted by {slot.key.name}")
            yielding[node].remove(victim)
            leaving.setdefault(node, []).append(victim.replica)
        draft.cluster.add(node, service.name, *request.holds)
        draft.preempting.add(service.name)


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
        if replica.phase is Phase.STOPPING or (replica.active and draft.stops(replica)):
            leaving.setdefault(replica.node, []).append(replica)
        elif replica.active and other and other.spec.priority < service.spec.priority:
            tenant = Tenant(other.spec.priority, replica)
            yielding.setdefault(replica.node, []).append(tenant)
    return yielding, leaving
