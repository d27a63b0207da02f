"""Placement on random clusters, beside a reference that knows no classes and no queues."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scheduling import (
    Cluster,
    NodeRoom,
    Request,
    Unschedulable,
    explain,
    place,
    place_batch,
)
from orchestrator.core.scheduling.scores import STRATEGIES

MIB = 2**20
SERVICES = ("api", "db", "web")

rooms = st.builds(
    NodeRoom,
    name=st.just(""),
    zone=st.sampled_from(("a", "b", "c")),
    cpu_millicores=st.sampled_from((500, 1000, 2000)),
    memory_bytes=st.sampled_from((512 * MIB, 1024 * MIB)),
    schedulable=st.sampled_from((True, True, True, False)),
    labels=st.sampled_from(({}, {"disk": "ssd"})),
)
clusters = st.lists(rooms, max_size=9).map(
    lambda nodes: [replace(node, name=f"n{index}") for index, node in enumerate(nodes)]
)
changes = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(SERVICES),
        st.sampled_from((0, 100, 250)),
        st.sampled_from((64 * MIB, 128 * MIB)),
    ),
    max_size=12,
)
requests = st.builds(
    Request,
    service=st.sampled_from(SERVICES),
    slot=st.integers(1, 3),
    cpu_millicores=st.sampled_from((0, 100, 250, 700)),
    memory_bytes=st.sampled_from((0, 64 * MIB, 300 * MIB)),
    node_selector=st.sampled_from(({}, {}, {"disk": "ssd"})),
    policy=st.sampled_from(sorted(STRATEGIES)),
    max_per_node=st.sampled_from((None, None, 1, 2)),
    max_zone_skew=st.sampled_from((None, None, 1, 2)),
)


def built(nodes: list[NodeRoom], taken: list[tuple[int, str, int, int]]) -> Cluster:
    cluster = Cluster({node.name: replace(node, replicas={}) for node in nodes})
    for index, service, cpu, memory in taken:
        cluster.add(f"n{index}", service, cpu, memory)
    return cluster


def fits(request: Request, node: NodeRoom, nodes: list[NodeRoom]) -> bool:
    """The filters, each as one would say it."""
    selector = request.node_selector.items()
    if not node.schedulable or any(node.labels.get(key) != value for key, value in selector):
        return False
    if node.cpu_used + request.cpu_millicores > node.cpu_millicores:
        return False
    if node.memory_used + request.memory_bytes > node.memory_bytes:
        return False
    here = node.replicas.get(request.service, 0)
    if request.max_per_node is not None and here + 1 > request.max_per_node:
        return False
    if request.max_zone_skew is None:
        return True
    zones: dict[str, int] = {}
    for one in nodes:
        if all(one.labels.get(key) == value for key, value in selector):
            zones.setdefault(one.zone, 0)
    for one in nodes:
        if one.zone in zones:
            zones[one.zone] += one.replicas.get(request.service, 0)
    return zones[node.zone] + 1 - min(zones.values()) <= request.max_zone_skew


def reference(request: Request, cluster: Cluster) -> str | None:
    """Ask every node, take the best by the strategy's score."""
    nodes = list(cluster.nodes.values())
    score = STRATEGIES[request.policy]
    ranked = sorted(
        score(request, node, cluster).order for node in nodes if fits(request, node, nodes)
    )
    return ranked[0].name if ranked else None


def chosen(request: Request, cluster: Cluster) -> str | None:
    node = place(request, cluster)
    return None if isinstance(node, Unschedulable) else node


@given(clusters, changes, requests)
def test_it_chooses_as_one_who_asks_every_node(
    nodes: list[NodeRoom], taken: list[tuple[int, str, int, int]], request: Request
) -> None:
    cluster = built(nodes, taken)
    wanted = reference(request, cluster)
    assert chosen(request, cluster) == wanted
    assert next((one.node for one in explain(request, cluster) if one.chosen), None) == wanted


@given(clusters, changes, requests, st.lists(st.integers(1, 20), max_size=12))
def test_a_batch_is_one_after_the_other(
    nodes: list[NodeRoom],
    taken: list[tuple[int, str, int, int]],
    request: Request,
    slots: list[int],
) -> None:
    batch = place_batch(request, slots, built(nodes, taken))
    cluster = built(nodes, taken)
    wanted: list[str] = []
    for slot in slots:
        node = reference(replace(request, slot=slot), cluster)
        if node is None:
            break
        cluster.add(node, request.service, request.cpu_millicores, request.memory_bytes)
        wanted.append(node)
    assert list(batch.nodes) == wanted
    assert (batch.refusal is None) == (len(wanted) == len(slots))


@given(clusters, changes, requests, st.data())
def test_the_order_of_nodes_and_of_what_happened_does_not_matter(
    nodes: list[NodeRoom],
    taken: list[tuple[int, str, int, int]],
    request: Request,
    data: st.DataObject,
) -> None:
    shuffled = built(data.draw(st.permutations(nodes)), data.draw(st.permutations(taken)))
    assert place(request, shuffled) == place(request, built(nodes, taken))


@given(clusters, changes, changes)
def test_a_cluster_after_any_changes_is_the_cluster_built_anew(
    nodes: list[NodeRoom],
    kept: list[tuple[int, str, int, int]],
    undone: list[tuple[int, str, int, int]],
) -> None:
    cluster = built(nodes, [*undone, *kept])
    for index, service, cpu, memory in undone:
        cluster.remove(f"n{index}", service, cpu, memory)
    anew = built(nodes, kept)
    assert cluster.nodes == anew.nodes
    for service in SERVICES:
        names = sorted(node.name for node in cluster.candidates(service))
        assert names == sorted(node.name for node in anew.candidates(service))
        for zone in "abc":
            assert cluster.in_zone(zone, service) == anew.in_zone(zone, service)
