"""Which replicas may be sent requests."""

from collections.abc import Mapping
from dataclasses import dataclass

from orchestrator.model.state import Desired, Endpoint, Observed, Phase, Replica, ReplicaId


@dataclass(frozen=True, slots=True)
class Routable:
    """One replica that answers, and where."""

    id: ReplicaId
    endpoint: Endpoint
    node: str
    zone: str


def routable(desired: Desired, observed: Observed) -> Mapping[str, tuple[Routable, ...]]:
    """For every wanted service its ready replicas, by slot and attempt.

    One that is starting, stopping or over, not ready, or failed for good is never among them.
    """
    found: dict[str, list[Routable]] = {name: [] for name in desired.services}
    for replica in observed.replicas:
        if replica.id.service in found and _serves(replica) and replica.endpoint:
            node = desired.nodes.get(replica.node)
            zone = node.spec.zone if node else ""
            found[replica.id.service].append(
                Routable(replica.id, replica.endpoint, replica.node, zone)
            )
    return {name: tuple(sorted(replicas, key=_by_id)) for name, replicas in found.items()}


def _serves(replica: Replica) -> bool:
    return replica.phase is Phase.RUNNING and replica.ready and replica.alive


def _by_id(replica: Routable) -> ReplicaId:
    return replica.id
