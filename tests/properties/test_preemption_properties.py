"""Evictions on random nodes, beside one who tries every set of victims."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scheduling import Cluster, NodeRoom, Request
from orchestrator.core.scheduling.preemption import Tenant, evict
from orchestrator.model.state import Phase, Replica, ReplicaId

SIZE = 10
tenants = st.lists(
    st.tuples(st.integers(0, 2), st.integers(1, 5), st.integers(0, 3), st.booleans()), max_size=9
)


def replica(number: int, node: str, size: int, *, leaving: bool) -> Replica:
    phase = Phase.STOPPING if leaving else Phase.RUNNING
    return Replica(ReplicaId("db", number, 1), node, "a", phase, cpu_millicores=size)


@given(tenants, st.integers(1, SIZE))
def test_it_takes_a_node_that_would_do_and_nobody_leaves_in_vain(
    found: list[tuple[int, int, int, bool]], asked: int
) -> None:
    nodes = {name: NodeRoom(name, "z", SIZE, 1) for name in ("n0", "n1", "n2")}
    cluster = Cluster(nodes)
    yielding: dict[str, list[Tenant]] = {}
    leaving: dict[str, list[Replica]] = {}
    for number, (where, size, priority, going) in enumerate(found, 1):
        if nodes[f"n{where}"].cpu_used + size > SIZE:
            continue
        one = replica(number, f"n{where}", size, leaving=going)
        cluster.hold(one)
        if going:
            leaving.setdefault(one.node, []).append(one)
        else:
            yielding.setdefault(one.node, []).append(Tenant(priority, one))
    used = {name: node.cpu_used for name, node in nodes.items()}

    eviction = evict(Request("web", 1, asked, 0), cluster, yielding, leaving)

    assert {name: node.cpu_used for name, node in nodes.items()} == used
    if eviction is None:
        assert not yielding
        assert not leaving
        return
    node, victims = eviction
    assert set(victims) <= set(yielding.get(node, ()))

    def does(name: str, gone: tuple[Tenant, ...]) -> bool:
        free = sum(one.cpu_millicores for one in leaving.get(name, ()))
        free += sum(one.replica.cpu_millicores for one in gone)
        return used[name] - free + asked <= SIZE

    assert does(node, victims)
    for fewer in combinations(victims, max(0, len(victims) - 1)):
        assert not victims or not does(node, fewer)
    most = max((one.priority for one in victims), default=-1)
    for name in yielding.keys() | leaving.keys():
        less = tuple(one for one in yielding.get(name, ()) if one.priority < most)
        assert most < 0 or not does(name, less)
