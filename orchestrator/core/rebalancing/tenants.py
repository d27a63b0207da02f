"""Which replicas may be moved."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from orchestrator.core.rebalancing.planning import Tenant
from orchestrator.core.scheduling import Request
from orchestrator.core.slots import Standing, standing
from orchestrator.model.state import Desired, Observed, Phase

__all__ = ["tenants_of"]

BEST_FIT: Final = "binpack"


def tenants_of(desired: Desired, observed: Observed) -> Iterator[Tenant]:
    """The replicas at rest: wanted as they are, ready, holding what a new one would ask for, and
    alone in their slots. What is on its way stays out of it, and so does a service whose replicas
    end by themselves: a second one would do the work twice."""
    running = [replica for replica in observed.replicas if replica.phase is not Phase.EXITED]
    in_slot = Counter(replica.id.key for replica in running)
    for replica in running:
        service = desired.services.get(replica.id.service)
        if service is None or replica.id.slot > service.spec.replicas:
            continue
        if service.spec.restart.policy != "always":
            continue
        # A strategy that spreads would fill the very nodes that are to be emptied.
        request = replace(Request.of(service.spec, replica.id.slot), policy=BEST_FIT)
        settled = replica.ready and standing(replica, service, desired) is Standing.CURRENT
        if settled and in_slot[replica.id.key] == 1 and replica.holds == request.holds:
            yield Tenant(replica.id, replica.node, request)
