"""Placement on random clusters, beside a reference that knows no classes and no queues."""

from dataclasses import dataclass, replace

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
from orchestrator.core.scheduling.apart import rules_among
from orchestrator.core.scheduling.ranking import scorer
from orchestrator.core.scheduling.request import NO_AFFINITY
from orchestrator.core.scheduling.scores import STRATEGIES
from orchestrator.model.placement import (
    Expression,
    NodeAffinity,
    PreferredExpression,
    Taint,
    Toleration,
    TopologySpread,
)
from orchestrator.model.spec import Extended, ServiceSpec

MIB = 2**20
SERVICES = ("api", "db", "web")
Taken = tuple[int, str, int, int, Extended]
"""Number of the node, service, CPU, memory, other resources."""

rooms = st.builds(
    NodeRoom,
    name=st.just(""),
    zone=st.sampled_from(("a", "b", "c")),
    cpu_millicores=st.sampled_from((500, 1000, 2000)),
    memory_bytes=st.sampled_from((512 * MIB, 1024 * MIB)),
    schedulable=st.sampled_from((True, True, True, False)),
    labels=st.sampled_from(({}, {"disk": "ssd"}, {"rack": "1"}, {"rack": "2", "disk": "ssd"})),
    taints=st.sampled_from(
        (
            (),
            (),
            (Taint(key="gpu", value="yes", effect="NoSchedule"),),
            (Taint(key="old", effect="NoExecute"), Taint(key="slow", effect="PreferNoSchedule")),
            (Taint(key="slow", effect="PreferNoSchedule"),),
        )
    ),
    extended=st.sampled_from(({}, {}, {"gpu": 1}, {"gpu": 2})),
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
        st.sampled_from(((), (("gpu", 1),))),
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
    policy=st.sampled_from(
        (
            *sorted(STRATEGIES),
            "spread(rack), binpack(cpu)",
            "spread(zone), spread(node), binpack(memory)",
            "binpack(memory), spread(topology.kubernetes.io/zone)",
        )
    ),
    max_per_node=st.sampled_from((None, None, 1, 2)),
    topology_spread=st.lists(
        st.builds(
            TopologySpread,
            max_skew=st.sampled_from((1, 2)),
            topology_key=st.sampled_from(("zone", "node", "rack")),
            when_unsatisfiable=st.sampled_from(("DoNotSchedule", "ScheduleAnyway")),
        ),
        max_size=2,
    ).map(tuple),
    extended=st.sampled_from(((), (), (("gpu", 1),))),
    affinity=st.sampled_from(
        (
            NO_AFFINITY,
            NO_AFFINITY,
            NodeAffinity(required=(Expression(key="rack", operator="Gt", values=("1",)),)),
            NodeAffinity(
                preferred=(
                    PreferredExpression(weight=3, key="rack", operator="Exists"),
                    PreferredExpression(weight=4, key="disk", operator="DoesNotExist"),
                )
            ),
        )
    ),
    gang=st.sampled_from((False, False, True)),
    tolerations=st.sampled_from(
        ((), (Toleration(key="gpu", value="yes"),), (Toleration(operator="Exists"),))
    ),
)
apart = st.lists(
    st.tuples(
        st.sampled_from(SERVICES),
        st.sampled_from(SERVICES),
        st.sampled_from(("node", "zone", "rack")),
    ),
    max_size=2,
)


@st.composite
def starts(draw: st.DrawFn) -> "Start":
    return Start(draw(clusters), draw(changes), draw(apart))


@dataclass
class Start:
    """A cluster's nodes, what has been placed there, and who keeps away from whom by what."""

    nodes: list[NodeRoom]
    taken: list[Taken]
    apart: list[tuple[str, str, str]]

    def build(self) -> Cluster:
        fresh = {one.name: replace(one, replicas={}, extended_used={}) for one in self.nodes}
        cluster = Cluster(fresh)
        cluster.keep_apart(rules_among(map(self.spec, SERVICES)))
        for index, service, cpu, memory, extended in self.taken:
            cluster.add(f"n{index}", service, cpu, memory, extended)
        return cluster

    def spec(self, name: str) -> ServiceSpec:
        rules = [
            {"service": other, "topologyKey": key}
            for mine, other, key in self.apart
            if mine == name
        ]
        return ServiceSpec.model_validate(
            {"name": name, "image": "a", "placement": {"antiAffinity": rules}}
        )


def held(service: str, key: str, node: NodeRoom, nodes: list[NodeRoom]) -> int:
    """How many replicas of the service there are where the node is."""
    where = [one for one in nodes if one.domain(key) == node.domain(key)]
    return sum(one.replicas.get(service, 0) for one in where)


def eligible(request: Request, node: NodeRoom) -> bool:
    labels = node.labels
    if any(labels.get(key) != value for key, value in request.node_selector.items()):
        return False
    return not request.affinity.required or labels.get("rack") == "2"


def even(request: Request, rule: TopologySpread, node: NodeRoom, nodes: list[NodeRoom]) -> bool:
    key = rule.topology_key
    if node.domain(key) is None:
        return False
    counting = [one for one in nodes if eligible(request, one) and one.domain(key) is not None]
    fewest = min(held(request.service, key, one, nodes) for one in counting)
    return held(request.service, key, node, nodes) + 1 - fewest <= rule.max_skew


def fits(request: Request, node: NodeRoom, nodes: list[NodeRoom], start: Start) -> bool:
    """The filters, each as one would say it."""
    if not node.schedulable or not eligible(request, node):
        return False
    if node.cpu_used + request.cpu_millicores > node.cpu_millicores:
        return False
    if node.memory_used + request.memory_bytes > node.memory_bytes:
        return False
    gpus = dict(request.extended).get("gpu", 0)
    if gpus and node.extended_used.get("gpu", 0) + gpus > node.extended.get("gpu", 0):
        return False
    covered = {"gpu", "old"} if any(one.key is None for one in request.tolerations) else set()
    covered |= {one.key for one in request.tolerations if one.key}
    if any(one.key in {"gpu", "old"} - covered for one in node.taints):
        return False
    here = node.replicas.get(request.service, 0)
    if request.max_per_node is not None and here + 1 > request.max_per_node:
        return False
    for mine, other, key in start.apart:
        if request.service not in (mine, other) or node.domain(key) is None:
            continue
        if held(other if request.service == mine else mine, key, node, nodes):
            return False
    hard = [rule for rule in request.topology_spread if rule.hard]
    return all(even(request, rule, node, nodes) for rule in hard)


def reference(request: Request, cluster: Cluster, start: Start) -> str | None:
    """Ask every node, take the best by the request's score."""
    nodes = list(cluster.nodes.values())
    score = scorer(request, cluster)
    ranked = sorted(score(node).order for node in nodes if fits(request, node, nodes, start))
    return ranked[0].name if ranked else None


def chosen(request: Request, cluster: Cluster) -> str | None:
    node = place(request, cluster)
    return None if isinstance(node, Unschedulable) else node


@given(starts(), requests)
def test_it_chooses_as_one_who_asks_every_node(start: Start, request: Request) -> None:
    cluster = start.build()
    wanted = reference(request, cluster, start)
    assert chosen(request, cluster) == wanted
    assert next((one.node for one in explain(request, cluster) if one.chosen), None) == wanted


@given(starts(), requests, st.integers(1, 12))
def test_a_batch_is_one_after_the_other(start: Start, request: Request, count: int) -> None:
    slots = range(request.slot, request.slot + count)
    result = start.build()
    batch = place_batch(request, slots, result)
    cluster = start.build()
    wanted: list[str] = []
    for slot in slots:
        node = reference(replace(request, slot=slot), cluster, start)
        if node is None:
            break
        cluster.add(node, request.service, *request.holds)
        wanted.append(node)
    assert (batch.refusal is None) == (len(wanted) == count)
    if request.gang and batch.refusal:
        wanted, cluster = [], start.build()
    assert list(batch.nodes) == wanted
    assert result.nodes == cluster.nodes


@given(starts(), requests, st.data())
def test_the_order_of_nodes_and_of_what_happened_does_not_matter(
    start: Start, request: Request, data: st.DataObject
) -> None:
    nodes, taken = data.draw(st.permutations(start.nodes)), data.draw(st.permutations(start.taken))
    shuffled = Start(nodes, taken, start.apart)
    assert place(request, shuffled.build()) == place(request, start.build())


@given(starts(), changes)
def test_a_cluster_after_any_changes_is_the_cluster_built_anew(
    start: Start, undone: list[Taken]
) -> None:
    cluster = Start(start.nodes, [*undone, *start.taken], start.apart).build()
    cluster.in_domain("rack", "1", "web")
    for index, service, cpu, memory, extended in undone:
        cluster.remove(f"n{index}", service, cpu, memory, extended)
    anew = start.build()
    assert cluster.nodes == anew.nodes
    for service in SERVICES:
        distinct = anew.distinct(service)
        names = sorted(node.name for node in cluster.candidates(distinct))
        assert names == sorted(node.name for node in anew.candidates(distinct))
        for key, value in (("zone", "a"), ("zone", "b"), ("rack", "1"), ("node", "n1")):
            assert cluster.in_domain(key, value, service) == anew.in_domain(key, value, service)
