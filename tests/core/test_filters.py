"""Filters and preferences from the manifest: who may use which node, in kubectl's words."""

from typing import Any

import pytest

from orchestrator.core.scheduling import (
    Cluster,
    Request,
    Unschedulable,
    keep_apart,
    place,
    place_batch,
)
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import Node, Service


def service(name: str = "web", requests: object = None, **placement: object) -> Service:
    fields = {"name": name, "image": "a", "placement": placement}
    resources = {"resources": {"requests": requests}} if requests else {}
    return Service(ServiceSpec.model_validate(fields | resources), "a")


def node(name: str, zone: str = "a", capacity: object = None, **fields: object) -> Node:
    size = {"cpu": 4, "memory": "4Gi"} | dict(capacity or {})  # type: ignore[call-overload]
    given: dict[str, Any] = {"name": name, "zone": zone, "capacity": size, **fields}
    return Node(NodeSpec.model_validate(given))


def cluster(*nodes: Node, services: tuple[Service, ...] = ()) -> Cluster:
    built = Cluster.of({one.name: one for one in nodes}, ())
    keep_apart(built, {one.name: one for one in services})
    return built


def nodes_for(asked: Service, where: Cluster, count: int = 1) -> tuple[str, ...]:
    return place_batch(Request.of(asked.spec, 1), range(1, count + 1), where).nodes


def reason(asked: Service, where: Cluster) -> str:
    found = place(Request.of(asked.spec, 1), where)
    assert isinstance(found, Unschedulable)
    return found.reason.removeprefix(f"0/{len(where.nodes)} nodes are available: ")


def test_a_named_resource_is_reserved_like_cpu() -> None:
    where = cluster(node("n1"), node("n2", capacity={"gpu": 2}))
    asked = service(requests={"gpu": 1})
    assert nodes_for(asked, where, 3) == ("n2", "n2")
    assert reason(asked, where) == "2 Insufficient gpu. It needs 1 more gpu on n2."
    where.remove("n2", "web", 100, 64 * 2**20, (("gpu", 1),))
    assert nodes_for(asked, where) == ("n2",)


def test_where_no_node_has_the_resource_the_smallest_that_would_do_is_told() -> None:
    asked = service(requests={"cpu": 2, "memory": "1Gi", "gpu": 1})
    assert reason(asked, cluster(node("n1", capacity={"cpu": 1}))) == (
        "1 Insufficient cpu, 1 Insufficient gpu. A node with 2 CPU, 1Gi memory and 1 gpu would do."
    )


GPU = {"key": "gpu", "value": "yes", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "gpu", "value": "yes"},
        {"key": "gpu", "operator": "Exists"},
        {"operator": "Exists"},
        {"key": "gpu", "value": "yes", "effect": "NoSchedule"},
    ],
)
def test_a_tainted_node_is_for_those_who_tolerate_it(toleration: object) -> None:
    where = cluster(node("n1", taints=[GPU]))
    assert reason(service(), where) == "1 node(s) had untolerated taint {gpu: yes}."
    assert nodes_for(service(tolerations=[toleration]), where) == ("n1",)


@pytest.mark.parametrize(
    "toleration",
    [
        {"key": "gpu", "value": "no"},
        {"key": "cpu", "operator": "Exists"},
        {"operator": "Exists", "effect": "NoExecute"},
    ],
)
def test_another_toleration_does_not_help(toleration: object) -> None:
    where = cluster(node("n1", taints=[GPU]))
    assert nodes_for(service(tolerations=[toleration]), where) == ()


def test_a_node_that_prefers_no_replicas_is_taken_last() -> None:
    taint = {"key": "slow", "effect": "PreferNoSchedule"}
    where = cluster(node("n1", taints=[taint]), node("n2", capacity={"cpu": "100m"}))
    assert nodes_for(service(), where, 2) == ("n2", "n1")


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ({"operator": "In", "values": ["1", "3"]}, ("n1",)),
        ({"operator": "In", "values": [1, 3]}, ("n1",)),
        ({"operator": "NotIn", "values": ["1"]}, ("n0", "n2", "nx")),
        ({"operator": "Exists"}, ("n1", "n2", "nx")),
        ({"operator": "DoesNotExist"}, ("n0",)),
        ({"operator": "Gt", "values": ["1"]}, ("n2",)),
        ({"operator": "Lt", "values": ["2"]}, ("n1",)),
    ],
)
def test_required_expressions(expression: dict[str, object], names: tuple[str, ...]) -> None:
    labels = {"n0": {}, "n1": {"gen": "1"}, "n2": {"gen": "2"}, "nx": {"gen": "x"}}
    where = cluster(*(node(name, labels=here) for name, here in labels.items()))
    asked = service(
        maxPerNode=1,
        strategy="first-fit",
        nodeAffinity={"required": [{"key": "gen", **expression}]},
    )
    assert nodes_for(asked, where, 4) == names
    assert f"{4 - len(names)} node(s) didn't match Pod's node affinity/selector" in reason(
        asked, where
    )


def test_preferred_expressions_weigh_more_than_the_strategy() -> None:
    where = cluster(node("n1", labels={"disk": "ssd"}), node("n2", labels={"new": "1"}), node("n3"))
    preferred = [
        {"weight": 5, "key": "disk", "operator": "Exists"},
        {"weight": 9, "key": "new", "operator": "Exists"},
    ]
    asked = service(maxPerNode=1, nodeAffinity={"preferred": preferred})
    assert nodes_for(asked, where, 3) == ("n2", "n1", "n3")


def test_services_that_keep_apart_share_no_zone_whoever_comes_first() -> None:
    rules = [{"service": "db", "topologyKey": "topology.kubernetes.io/zone"}]
    web, db = service(antiAffinity=rules), service("db")
    nodes = node("n1"), node("n2"), node("n3", zone="b")
    where = cluster(*nodes, services=(web, db))
    assert nodes_for(db, where) == ("n1",)
    assert nodes_for(web, where, 2) == ("n3", "n3")
    where.add("n1", "web", 0, 0)
    where.add("n3", "db", 0, 0)
    own, theirs = "didn't match pod anti-affinity", "didn't satisfy existing pods anti-affinity"
    assert reason(web, where) == f"3 node(s) {own} rules."
    assert reason(db, where) == f"3 node(s) {theirs} rules."


def test_a_service_apart_from_itself_has_one_replica_a_node() -> None:
    asked = service(antiAffinity=[{"topologyKey": "kubernetes.io/hostname"}])
    where = cluster(node("n1"), node("n2"), services=(asked,))
    assert nodes_for(asked, where, 3) == ("n1", "n2")


def test_a_port_of_a_node_is_for_one_replica() -> None:
    web, api = service(hostPorts=[80, 443]), service("api", hostPorts=[443])
    where = cluster(node("n1"), node("n2"), services=(web, api))
    assert nodes_for(web, where) == ("n1",)
    assert nodes_for(api, where, 2) == ("n2",)
    assert reason(web, where) == ("2 node(s) didn't have free ports for the requested pod ports.")


@pytest.mark.parametrize(("key", "names"), [("node", ("a1", "a2", "b1")), ("rack", ("a1", "b1"))])
def test_replicas_are_even_over_nodes_or_a_label(key: str, names: tuple[str, ...]) -> None:
    nodes = (
        node("a1", labels={"rack": "1"}),
        node("a2", labels={"rack": "1"}),
        node("b1", labels={"rack": "2"}, capacity={"cpu": "150m"}),
    )
    where = cluster(*nodes)
    asked = service(topologySpread={"topologyKey": key})
    assert set(nodes_for(asked, where, len(names))) == set(names)
    where = cluster(*nodes, node("c1"))
    assert len(nodes_for(service(topologySpread={"topologyKey": "rack"}), where, 9)) == 3
    assert reason(service(topologySpread={"topologyKey": "rack"}), where) == (
        "1 Insufficient cpu, "
        "2 node(s) didn't match pod topology spread constraints, "
        "1 node(s) didn't match pod topology spread constraints (missing required label). "
        "It needs 50m more CPU on b1."
    )


def test_schedule_anyway_evens_out_as_well_as_it_can() -> None:
    where = cluster(node("a1"), node("b1", zone="b", capacity={"cpu": "200m"}))
    asked = service(topologySpread={"whenUnsatisfiable": "ScheduleAnyway"})
    assert nodes_for(asked, where, 6) == ("a1", "b1", "a1", "b1", "a1", "a1")


def test_steps_decide_one_after_the_other() -> None:
    nodes = (
        node("a1", capacity={"cpu": 1}),
        node("a2", capacity={"memory": "1Gi"}),
        node("b1", zone="b"),
    )
    for strategy, names in {
        ("spread(zone)", "binpack(memory)"): ("a2", "b1", "a2", "b1"),
        ("spread(zone)", "binpack(cpu)"): ("a1", "b1", "a1", "b1"),
        ("spread(node)", "binpack(cpu)"): ("a1", "a2", "b1", "a1"),
        ("binpack(memory)", "spread(zone)"): ("a2", "a2", "a2", "a2"),
    }.items():
        assert nodes_for(service(strategy=list(strategy)), cluster(*nodes), 4) == names
    assert nodes_for(service(strategy="binpack(cpu)"), cluster(*nodes)) == ("a1",)


def test_a_gang_is_placed_as_a_whole_or_not_at_all() -> None:
    where = cluster(node("n1", capacity={"cpu": 2}), node("n2", capacity={"cpu": 1}))
    gang = service(requests={"cpu": 1}, gang=True)
    batch = place_batch(Request.of(gang.spec, 1), (1, 2, 3, 4), where)
    assert batch.nodes == ()
    assert batch.refusal == Unschedulable(
        "Only 3 of the gang would fit, then: 0/2 nodes are available: 2 Insufficient cpu. "
        "It needs 1 more CPU on one of: n1, n2."
    )
    assert sorted(nodes_for(gang, where, 3)) == ["n1", "n1", "n2"]


def test_an_overcommitted_node_is_reserved_more_than_once() -> None:
    where = cluster(node("n1", capacity={"cpu": 1}, overcommit={"cpu": 2.5}))
    asked = service(requests={"cpu": 1})
    assert nodes_for(asked, where, 3) == ("n1", "n1")
    assert reason(asked, where) == "1 Insufficient cpu. It needs 500m more CPU on n1."
