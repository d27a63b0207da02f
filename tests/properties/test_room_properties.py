"""The scheduler's cluster as the observed state keeps it, beside one built anew."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.reconcile import reconcile
from orchestrator.core.scheduling import Cluster
from orchestrator.model.state import Desired, Node, Observed, Phase, Replica, ReplicaId
from orchestrator.runtime.room import Room
from tests.properties.clusters import NODES, SERVICES, desires, observations, replicas


def same(one: Cluster, other: Cluster) -> bool:
    """Whether no decision could tell them apart."""
    return (
        one.nodes == other.nodes
        and one.down == other.down
        and all(
            sorted(node.name for node in one.candidates(service))
            == sorted(node.name for node in other.candidates(service))
            and all(one.in_zone(zone, service) == other.in_zone(zone, service) for zone in "zy")
            for service in SERVICES
        )
    )


_marks = st.tuples(st.sampled_from(NODES), *[st.booleans()] * 3)
_turns = st.lists(st.one_of(replicas(), desires().map(lambda one: one.nodes), _marks), max_size=25)


@given(_turns)
def test_whatever_happens_it_is_the_cluster_built_anew(
    turns: list[Replica | dict[str, Node] | tuple[str, bool, bool, bool]],
) -> None:
    """Replicas appear, change in every way, and are forgotten (here: at their second end), while
    nodes come, are cordoned or drained, crash, and go."""
    room, known = Room(), dict[ReplicaId, Replica]()
    nodes: dict[str, Node] = {}
    for turn in turns:
        if isinstance(turn, Replica):
            before = known.pop(turn.id, None)
            over = before is not None and {before.phase, turn.phase} == {Phase.EXITED}
            room.changed(before, None if over else turn)
            known |= {} if over else {turn.id: turn}
        elif isinstance(turn, tuple):
            name, cordoned, draining, down = turn
            if name in nodes:
                marked = replace(nodes[name], cordoned=cordoned, draining=draining, down=down)
                nodes = {**nodes, name: marked}
        else:
            nodes = turn
        assert same(room.on(nodes, known.values()), Cluster.of(nodes, known.values()))


@given(desires(), observations(), st.sets(st.sampled_from(SERVICES)))
def test_a_decision_leaves_it_as_it_was_and_needs_nothing_of_other_services(
    desired: Desired, observed: Observed, services: set[str]
) -> None:
    cluster = Cluster.of(desired.nodes, observed.replicas)
    mine = [one for one in observed.replicas if one.id.service in services]
    of_these = replace(observed, replicas=tuple(mine))
    plan = reconcile(desired, of_these, 5.0, services, cluster, observed.replicas)
    assert plan == reconcile(desired, observed, 5.0, services)
    assert same(cluster, Cluster.of(desired.nodes, observed.replicas))
