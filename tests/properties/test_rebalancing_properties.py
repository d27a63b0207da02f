"""Moves on random clusters, made one by one with both replicas at once: none breaks a rule."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.rebalancing import Tenant, plan_moves
from orchestrator.core.scheduling import Cluster, NodeRoom, Request
from orchestrator.model.placement import TopologySpread
from orchestrator.model.state import ReplicaId

NODES = 6
ZONES = "abc"
SERVICES = {
    "api": Request("api", 1, 200, 100, max_per_node=1),
    "db": Request("db", 1, 300, 350, topology_spread=(TopologySpread(),)),
    "web": Request("web", 1, 100, 50, policy="spread"),
    "job": Request("job", 1, 250, 0, policy="random"),
}
placed = st.lists(
    st.tuples(st.sampled_from(sorted(SERVICES)), st.integers(0, NODES - 1)), max_size=20
)


def built(where: list[tuple[str, str]]) -> Cluster:
    names = [f"n{number}" for number in range(NODES)]
    rooms = [NodeRoom(name, ZONES[int(name[1]) % 3], 1000, 1000) for name in names]
    cluster = Cluster({room.name: room for room in rooms})
    for service, node in where:
        asked = SERVICES[service]
        cluster.add(node, service, asked.cpu_millicores, asked.memory_bytes)
    return cluster


def legal(taken: list[tuple[str, int]]) -> list[Tenant]:
    """Those that their node has room for, as tenants."""
    tenants: list[Tenant] = []
    load: Counter[str] = Counter()
    for slot, (service, number) in enumerate(taken, 1):
        node = f"n{number}"
        if load[node] + 350 <= 1000:
            load[node] += 350
            tenants.append(Tenant(ReplicaId(service, slot, 1), node, SERVICES[service]))
    return tenants


@given(placed, st.integers(0, 12), st.booleans())
def test_moves_free_whole_nodes_and_break_no_rule(
    taken: list[tuple[str, int]], most: int, pinned: bool
) -> None:
    tenants = legal(taken)
    movable = tenants[1:] if pinned else tenants
    start = [(one.id.service, one.node) for one in tenants]
    moves = plan_moves(built(start), movable, most)
    assert len(moves) <= most
    assert len({move.id for move in moves}) == len(moves)
    assert plan_moves(built(start), list(reversed(movable)), most) == moves

    where = {one.id: one.node for one in tenants}
    in_use = set(where.values())
    for move in moves:
        assert move.target in in_use
        both = [(id_.service, node) for id_, node in where.items()]
        both.append((move.id.service, move.target))
        check(both, move.id.service, move.target)
        where[move.id] = move.target
    assert in_use - set(where.values()) == {move.source for move in moves}


def check(where: list[tuple[str, str]], service: str, target: str) -> None:
    """The rules a start has to keep, by counting."""
    here = [SERVICES[one] for one, node in where if node == target]
    assert sum(one.cpu_millicores for one in here) <= 1000
    assert sum(one.memory_bytes for one in here) <= 1000
    asked = SERVICES[service]
    if asked.max_per_node is not None:
        assert len([one for one in here if one.service == service]) <= asked.max_per_node
    for rule in asked.topology_spread:
        zones = Counter(dict.fromkeys(ZONES, 0))
        zones.update(ZONES[int(node[1]) % 3] for one, node in where if one == service)
        assert zones[ZONES[int(target[1]) % 3]] - min(zones.values()) <= rule.max_skew
