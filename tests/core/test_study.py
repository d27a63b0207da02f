"""What a study measures."""

import pytest

from orchestrator.core.study import Look, Presence, figures, look, nines, thinned
from orchestrator.model.spec import NodeSpec
from orchestrator.model.state import Node, Phase, Replica, ReplicaId

MIB = 2**20


def node(name: str) -> Node:
    fields = {"name": name, "capacity": {"cpu": 1, "memory": "1Gi"}}
    return Node(NodeSpec.model_validate(fields))


def replica(slot: int, on: str, phase: Phase = Phase.RUNNING, *, ready: bool = True) -> Replica:
    return Replica(ReplicaId("web", slot, 1), on, "r", phase, 400, 512 * MIB, ready=ready)


def test_a_look_counts_what_is_held_and_what_is_ready() -> None:
    known = [
        replica(1, "a"),
        replica(2, "b", ready=False),
        replica(3, "b", Phase.EXITED, ready=False),
        replica(4, "gone"),
    ]
    presence = {"web": Presence()}
    nodes = {name: node(name) for name in ("a", "b", "c")}
    seen = look(5.0, known, {"web": 3}, 1, nodes, presence)
    assert (seen.wanted, seen.ready, seen.pending, seen.nodes) == (3, 2, 1, 2)
    assert (seen.bound, seen.cpu_share, seen.memory_share) == (1, 0.4, 0.5)
    assert presence["web"].looks == 0  # it was never completely ready


def test_a_service_is_measured_from_when_it_first_was_complete() -> None:
    presence = Presence()
    for ready in (0, 1, 2, 1, 0, 3):
        presence.count(2, ready)
    presence.count(0, 0)
    assert (presence.looks, presence.up) == (4, 3)
    assert presence.available == 0.75
    assert presence.complete == 5 / 8


def at(seconds: float, nodes: int, bound: int, ready: int = 1) -> Look:
    return Look(seconds, 2, ready, 0, nodes, bound, 0.5, 0.25)


def test_figures_are_means_over_time() -> None:
    found = figures([at(1, 2, 1), at(2, 4, 3, ready=2)], {})
    assert (found.nodes_mean, found.nodes_peak, found.bound_mean) == (3.0, 4, 2.0)
    assert (found.ratio, found.ready_share, found.cpu_share) == (1.5, 0.75, 0.5)
    assert figures([], {}).ratio == 1.0


@pytest.mark.parametrize(
    ("availability", "expected"), [(0.9, 1), (0.999, 3), (0.5, 0.301), (1.0, 9), (0.0, 0)]
)
def test_nines(availability: float, expected: float) -> None:
    assert nines(availability) == pytest.approx(expected, abs=1e-3)


def test_thinning_keeps_the_last_look() -> None:
    looks = [at(number, 1, 1) for number in range(1, 11)]
    assert [each.at_s for each in thinned(looks, 3)] == [2, 6, 10]
    assert thinned(looks, 10) == tuple(looks)
