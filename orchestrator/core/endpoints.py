"""Which replicas may be sent requests."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from orchestrator.model.state import Desired, Endpoint, Observed, Phase, Replica, ReplicaId


@dataclass(frozen=True, slots=True)
class Routable:
    """One replica that answers, and where."""

    id: ReplicaId
    endpoint: Endpoint
    node: str
    zone: str
    revision: str


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
                Routable(replica.id, replica.endpoint, replica.node, zone, replica.revision)
            )
    return {name: tuple(sorted(replicas, key=_by_id)) for name, replicas in found.items()}


def departed(ids: Collection[str], replicas: Iterable[Replica]) -> frozenset[str]:
    """Those of `ids` (`web-1.1`) whose replica is known no more, has ended or has no address.

    One that is being stopped is not among them: it may still answer.
    """
    if not ids:
        return frozenset()
    there = {
        str(replica.id)
        for replica in replicas
        if replica.phase is not Phase.EXITED and replica.endpoint is not None
    }
    return frozenset(ids) - there


def asleep(
    desired: Desired, ready: Mapping[str, Collection[Routable]], before: Collection[str]
) -> frozenset[str]:
    """Services whose requests wait for a first replica: 0 are wanted, or 0 were and none has been
    ready since. `ready`: from `routable`; `before`: what this said last.

    A service that has lost all its replicas is not among them: its requests fail at once.
    """
    return frozenset(
        name
        for name, service in desired.services.items()
        if service.spec.replicas == 0 or (name in before and not ready.get(name))
    )


def _serves(replica: Replica) -> bool:
    return replica.phase is Phase.RUNNING and replica.ready and replica.alive


def _by_id(replica: Routable) -> ReplicaId:
    return replica.id
