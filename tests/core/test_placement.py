"""Filters, scores and their explanation."""

from collections.abc import Mapping

import pytest

from orchestrator.core.scheduling import (
    Cluster,
    NodeRoom,
    Request,
    Unschedulable,
    explain,
    place,
    place_batch,
)
from orchestrator.model.placement import TopologySpread
from orchestrator.model.spec import ServiceSpec

MIB = 2**20


def request(
    cpu: int = 100,
    memory: int = 64,
    policy: str = "binpack",
    seed: int = 0,
    slot: int = 1,
    node_selector: Mapping[str, str] | None = None,
) -> Request:
    return Request("web", slot, cpu, memory * MIB, node_selector or {}, policy, seed)


def node(
    name: str,
    cpu: int = 1000,
    memory: int = 1024,
    zone: str = "a",
    used: tuple[int, int] = (0, 0),
    schedulable: bool = True,
    labels: Mapping[str, str] | None = None,
) -> NodeRoom:
    return NodeRoom(
        name, zone, cpu, memory * MIB, schedulable, labels or {}, used[0], used[1] * MIB
    )


def cluster(*nodes: NodeRoom) -> Cluster:
    return Cluster({one.name: one for one in nodes})


def test_binpack_takes_the_fullest_node_that_fits() -> None:
    nodes = cluster(node("n1"), node("n2", used=(500, 512)), node("n3", used=(950, 512)))
    assert place(request(), nodes) == "n2"


def test_binpack_prefers_a_balanced_node_among_equally_full_ones() -> None:
    nodes = cluster(node("n1", used=(800, 0)), node("n2", used=(400, 410)))
    assert place(request(100, 102), nodes) == "n2"


def test_binpack_scores_are_kubernetes() -> None:
    # After placing: cpu 500/1000, memory 256/1024. MostAllocated (50 + 25) // 2 = 37;
    # BalancedAllocation 100 × (1 − |0.5 − 0.25| / 2) = 87.5 → 87.
    (verdict,) = explain(request(500, 256), cluster(node("n1")))
    assert (verdict.cpu_score, verdict.memory_score, verdict.total) == (50, 25, 124)
    assert verdict.chosen


def test_equal_nodes_are_taken_by_name() -> None:
    nodes = cluster(node("n2"), node("n1"), node("n3"))
    for policy in ("binpack", "spread"):
        assert place(request(policy=policy), nodes) == "n1"


def test_a_node_can_be_filled_to_the_brim() -> None:
    assert place(request(1000, 1024), cluster(node("n1"))) == "n1"
    assert isinstance(place(request(1001, 1024), cluster(node("n1"))), Unschedulable)
    assert isinstance(place(request(1000, 1025), cluster(node("n1"))), Unschedulable)


def test_spread_takes_zones_first_then_nodes_then_the_emptier_node() -> None:
    nodes = cluster(node("a1"), node("a2"), node("b1", zone="b"), node("b2", zone="b"))
    nodes.add("b1", "other", 1, 1)
    order = []
    for _ in range(5):
        chosen = place(request(policy="spread"), nodes)
        assert isinstance(chosen, str)
        nodes.add(chosen, "web", 100, 64 * MIB)
        order.append(chosen)
    assert order == ["a1", "b2", "a2", "b1", "a1"]


def test_spread_prefers_a_zone_with_fewer_replicas_to_a_node_with_fewer() -> None:
    nodes = cluster(node("a1"), node("a2"), node("a3"), node("b1", zone="b"))
    for name in ("a1", "a2", "a3"):
        nodes.add(name, "web", 1, 1)
    for _ in range(2):
        nodes.add("b1", "web", 1, 1)
    assert place(request(policy="spread"), nodes) == "b1"
    best, *others = explain(request(policy="spread"), nodes)
    assert best.node == "b1"
    assert all(best.total > other.total for other in others)


def test_spread_shows_what_would_be_left() -> None:
    (verdict,) = explain(request(250, 256, policy="spread"), cluster(node("n1")))
    assert (verdict.cpu_score, verdict.memory_score, verdict.total) == (75, 75, 0)


def test_random_is_the_same_for_the_same_seed_and_differs_between_slots_and_seeds() -> None:
    nodes = cluster(*(node(f"n{i}") for i in range(8)))

    def draws(seed: int) -> list[str | Unschedulable]:
        return [place(request(policy="random", seed=seed, slot=slot), nodes) for slot in range(20)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert len(set(draws(1))) > 3


def test_random_moves_only_the_lots_of_a_node_that_leaves() -> None:
    names = [f"n{i}" for i in range(6)]
    before = cluster(*(node(name) for name in names))
    after = cluster(*(node(name) for name in names[1:]))
    for slot in range(50):
        chosen = place(request(policy="random", slot=slot), before)
        if chosen != "n0":
            assert place(request(policy="random", slot=slot), after) == chosen


def test_only_nodes_with_all_labels_of_the_selector() -> None:
    nodes = cluster(node("n1"), node("n2", labels={"disk": "ssd", "gpu": "no"}))
    assert place(request(node_selector={"disk": "ssd"}), nodes) == "n2"
    refusal = place(request(node_selector={"disk": "ssd", "gpu": "yes"}), nodes)
    assert refusal == Unschedulable(
        "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
    )


@pytest.mark.parametrize(
    ("nodes", "reason"),
    [
        ((), "0/0 nodes are available: there are no nodes."),
        (
            (node("n1", cpu=50), node("n2", cpu=50), node("n3", schedulable=False)),
            "0/3 nodes are available: 2 Insufficient cpu, 1 node(s) were unschedulable. "
            "It needs 50m more CPU on one of: n1, n2. A node with 100m CPU and 64Mi memory would "
            "do.",
        ),
        (
            (node("n1", cpu=50, memory=10), node("n2", memory=10)),
            "0/2 nodes are available: 1 Insufficient cpu, 2 Insufficient memory. "
            "It needs 54Mi more memory on n2. A node with 100m CPU and 64Mi memory would do.",
        ),
    ],
)
def test_what_fits_nowhere_is_told_in_kubectls_words(
    nodes: tuple[NodeRoom, ...], reason: str
) -> None:
    assert place(request(), cluster(*nodes)) == Unschedulable(reason)


def test_explain_shows_the_chosen_node_first_and_those_that_do_not_fit_last() -> None:
    nodes = cluster(
        node("n1", cpu=50, memory=10),
        node("n2"),
        node("n3", used=(500, 512)),
        node("n4", schedulable=False),
    )
    verdicts = explain(request(), nodes)
    assert [(one.node, one.fits, one.chosen) for one in verdicts] == [
        ("n3", True, True),
        ("n2", True, False),
        ("n1", False, False),
        ("n4", False, False),
    ]
    assert [one.reason for one in verdicts] == [
        "", "", "Insufficient cpu, Insufficient memory", "node(s) were unschedulable",
    ]  # fmt: skip


def test_what_is_added_and_removed_again_leaves_no_trace() -> None:
    nodes = cluster(node("n1"))
    nodes.add("n1", "web", 100, MIB)
    assert (nodes.nodes["n1"].cpu_used, nodes.in_zone("a", "web")) == (100, 1)
    nodes.remove("n1", "web", 100, MIB)
    nodes.add("gone", "web", 100, MIB)
    assert (nodes.nodes["n1"].cpu_used, nodes.in_zone("a", "web")) == (0, 0)


def test_a_manifests_limits_are_the_requests() -> None:
    placement = {"strategy": "nomad", "maxPerNode": 2, "topologySpread": {"maxSkew": 3}}
    spec = ServiceSpec.model_validate({"name": "web", "image": "app", "placement": placement})
    asked = Request.of(spec, 1)
    assert (asked.policy, asked.max_per_node, asked.topology_spread[0].max_skew) == ("nomad", 2, 3)
    old = Request.of(ServiceSpec.model_validate({"name": "web", "image": "app"}), 1)
    assert (old.policy, old.max_per_node, old.topology_spread) == ("binpack", None, ())


def test_nomads_score() -> None:
    # After placing: f_cpu 0.5, f_mem 0.75; 20 − (10^0.5 + 10^0.75) = 20 − 3.1623 − 5.6234.
    (verdict,) = explain(request(500, 256, policy="nomad"), cluster(node("n1")))
    assert verdict.total == pytest.approx(11.2143, abs=1e-4)
    (full,) = explain(request(1000, 1024, policy="nomad"), cluster(node("n1")))
    assert full.total == 18


def test_least_allocated_is_the_mean_of_what_is_left() -> None:
    # After placing 50% of the CPU and 75% of the memory are left: (50 + 75) // 2.
    (verdict,) = explain(request(500, 256, policy="least-allocated"), cluster(node("n1")))
    assert (verdict.cpu_score, verdict.memory_score, verdict.total) == (50, 75, 62)


@pytest.mark.parametrize(
    ("policy", "name"),
    [("first-fit", "n2"), ("nomad", "n4"), ("binpack", "n4"), ("least-allocated", "n3")],
)
def test_strategies_differ(policy: str, name: str) -> None:
    nodes = cluster(
        node("n1", used=(950, 0)),
        node("n2", used=(500, 500)),
        node("n3"),
        node("n4", used=(800, 800)),
    )
    assert place(request(policy=policy), nodes) == name


def test_no_more_of_a_service_on_a_node_or_in_a_zone_than_asked() -> None:
    asks = Request("web", 1, 1, 1, max_per_node=1, topology_spread=(TopologySpread(),))
    nodes = cluster(node("a1"), node("a2"), node("a3"), node("b1", zone="b"))
    batch = place_batch(asks, (1, 2, 3, 4), nodes)
    assert batch.nodes == ("a1", "b1", "a2")
    assert batch.refusal == Unschedulable(
        "0/4 nodes are available: 1 node(s) didn't match pod topology spread constraints, "
        "3 node(s) reached max replicas per node."
    )
