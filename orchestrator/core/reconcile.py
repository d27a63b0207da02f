"""What to do next: a pure function of what is wanted, what is, and the time.

Each service is decided on by itself, the most important first, then in order of names; they share
one working copy of the cluster, so that together they never promise a node's room twice. Room that
a stop will free is not counted before the replica has ended.
"""

from collections.abc import Collection, Iterable

from orchestrator.core.draft import Draft
from orchestrator.core.preempting import by_importance
from orchestrator.core.rollout import decide
from orchestrator.core.scheduling import Cluster, keep_apart
from orchestrator.core.slots import crash_of, is_lost, slots_of
from orchestrator.model.plan import Plan
from orchestrator.model.state import Desired, Observed, Phase, Replica


def reconcile(
    desired: Desired,
    observed: Observed,
    now: float,
    services: Collection[str] | None = None,
    cluster: Cluster | None = None,
    everyone: Iterable[Replica] | None = None,
) -> Plan:
    """The next steps towards `desired`, for all services or only for those named.

    `cluster`: the desired nodes with what every replica holds there, if the caller keeps it: then
    `observed` may leave out the replicas of services not named. It is as it was afterwards.
    `everyone`: the replicas of all services, if `observed` leaves some out.

    The same input gives the same plan, in whatever order replicas, services and nodes are given.
    A converged state gives an empty plan.
    """
    if cluster is None:
        cluster = Cluster.of(desired.nodes, observed.replicas)
    keep_apart(cluster, desired.services)
    draft = Draft(desired, cluster, now, observed.replicas if everyone is None else everyone)
    with cluster.tentatively():
        _decide_all(draft, observed, services)
    return draft.plan()


def _decide_all(draft: Draft, observed: Observed, services: Collection[str] | None) -> None:
    _lose(draft)
    desired = draft.desired
    mine = _by_service(observed.replicas, services)
    names = desired.services.keys() | mine.keys() if services is None else set(services)
    for name in by_importance(names, draft):
        replicas = mine.get(name, [])
        service = desired.services.get(name)
        if service is None:
            _delete(draft, replicas)
        else:
            decide(draft, service, slots_of(service, desired, replicas, observed.slots))


def _lose(draft: Draft) -> None:
    """Whatever is left on a node that is down goes, whoever asked for it."""
    nodes = draft.cluster.nodes
    if any(nodes[name].count for name in draft.cluster.down):
        lost = [replica for replica in draft.everyone if is_lost(replica, draft.desired)]
        for replica in sorted(lost, key=lambda one: one.id):
            draft.kill(replica, crash_of(replica.node))


def _by_service(
    replicas: Iterable[Replica], services: Collection[str] | None
) -> dict[str, list[Replica]]:
    found: dict[str, list[Replica]] = {}
    for replica in replicas:
        if services is None or replica.id.service in services:
            found.setdefault(replica.id.service, []).append(replica)
    return found


def _delete(draft: Draft, replicas: Iterable[Replica]) -> None:
    for replica in sorted(replicas, key=lambda one: one.id, reverse=True):
        if replica.active:
            draft.stop(replica, "service deleted")
        elif replica.phase is Phase.EXITED:
            draft.remove(replica, "service deleted")
