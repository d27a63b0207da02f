"""What-if placements: each replica told of once, bounds, and what is left of the nodes."""

from dataclasses import replace

import pytest

from orchestrator.core.packing.metrics import fewest_nodes, measure
from orchestrator.core.packing.whatif import (
    Box,
    Demand,
    Outcome,
    Piece,
    Unplaced,
    by_size,
    pieces_of,
    place_online,
    place_packing,
    why_not_by_size,
    wrong,
)
from orchestrator.core.scheduling import Request
from orchestrator.core.scheduling.scores import STRATEGIES
from orchestrator.model.spec import NodeSpec
from orchestrator.model.state import Node

MIB = 2**20


def nodes(*capacities: tuple[int, int], **more: object) -> dict[str, Node]:
    specs = [
        NodeSpec.model_validate(
            {"name": f"n{number}", "capacity": {"cpu": f"{cpu}m", "memory": f"{mib}Mi"}, **more}
        )
        for number, (cpu, mib) in enumerate(capacities, 1)
    ]
    return {spec.name: Node(spec) for spec in specs}


def demand(service: str, count: int, cpu: int, mib: int) -> Demand:
    names = tuple(f"{service}-{slot}" for slot in range(1, count + 1))
    return Demand(Request(service, 1, cpu, mib * MIB), names)


def held(outcome: Outcome) -> dict[str, list[str]]:
    return {box.name: [piece.name for piece in box.pieces] for box in outcome.boxes}


DEMANDS = (demand("a", 3, 600, 100), demand("b", 3, 400, 200))


@pytest.mark.parametrize("policy", STRATEGIES)
def test_every_strategy_tells_of_every_replica_once(policy: str) -> None:
    outcome = place_online(DEMANDS, nodes(*[(1000, 512)] * 2), policy, policy)
    assert not list(wrong(outcome, pieces_of(DEMANDS)))
    assert outcome.unplaced
    assert "Insufficient cpu" in outcome.unplaced[0].reason


def test_rules_of_placement_hold() -> None:
    one_each = replace(DEMANDS[1], request=replace(DEMANDS[1].request, max_per_node=1))
    outcome = place_online([one_each], nodes(*[(4000, 4096)] * 2), "binpack")
    assert held(outcome) == {"n1": ["b-1"], "n2": ["b-2"]}
    assert [each.piece.name for each in outcome.unplaced] == ["b-3"]
    assert "max replicas per node" in outcome.unplaced[0].reason
    assert why_not_by_size([one_each], nodes((1, 1))) == "b has rules of placement besides its size"


def test_rules_that_know_sizes_only_are_for_equal_nodes_without_conditions() -> None:
    labelled = replace(DEMANDS[0], request=replace(DEMANDS[0].request, node_selector={"d": "x"}))
    assert why_not_by_size([labelled], nodes((1, 1), labels={"d": "x"})) == ""
    assert why_not_by_size([labelled], nodes((1, 1)))
    assert why_not_by_size(DEMANDS, nodes((1, 1), (2, 1))) == "the nodes are not of one size"
    cordoned = {"n1": replace(nodes((1, 1))["n1"], cordoned=True)}
    assert why_not_by_size(DEMANDS, cordoned) == "not every node takes every replica"


def test_bins_beyond_the_nodes_and_pieces_beyond_a_node_are_unplaced() -> None:
    pieces = tuple(Piece(name, name, (size,)) for name, size in zip("abc", (6, 6, 11), strict=True))
    instance, fitting = by_size(pieces, (10,))
    assert (instance.items, fitting) == (((6,), (6,)), (0, 1))
    outcome = place_packing("l2", pieces, [Box("n1", (10,))], ((0,), (1,)))
    assert held(outcome) == {"n1": ["a"]}
    assert outcome.unplaced == (
        Unplaced(pieces[1], "l2 needs 2 nodes, and there are 1."),
        Unplaced(pieces[2], "It is larger than a node."),
    )
    assert not list(wrong(outcome, pieces))


def test_the_judge_sees_a_replica_that_is_lost_and_a_node_that_is_too_full() -> None:
    piece = Piece("a", "a", (6,))
    assert list(wrong(Outcome("x", (Box("n1", (10,)),)), [piece]))
    full = Outcome("x", (Box("n1", (10,), (piece, piece)),))
    assert list(wrong(full, [piece, piece])) == ["n1 holds 12 of 10 in dimension 0"]


def test_what_is_left_where_nothing_fits_is_stranded_and_the_roomiest_node_is_told() -> None:
    big, small = Piece("a", "a", (9, 1)), Piece("b", "b", (2, 2))
    boxes = (
        Box("n1", (10, 10), (big,)),  # (1, 9) left: nothing of the mix fits
        Box("n2", (10, 10), (small,)),  # (8, 8) left: b would
        Box("n3", (10, 10)),
    )
    metrics = measure(Outcome("x", boxes), [big.size, small.size], bound=2)
    assert (metrics.nodes, metrics.ratio) == (2, 1.0)
    assert (metrics.used, metrics.held) == ((11, 3), (20, 20))
    assert metrics.stranded == (1, 9)
    assert metrics.largest == (10, 10)
    assert replace(metrics, unplaced=1).ratio is None


def test_the_bound_of_unequal_nodes_is_filled_by_the_largest() -> None:
    pieces = [Piece(str(number), "a", (4, 1)) for number in range(5)]
    assert fewest_nodes(pieces, [(10, 10)] * 4) == 2
    assert fewest_nodes(pieces, [(4, 10), (12, 10), (8, 10)]) == 2
    assert fewest_nodes([*pieces, Piece("x", "x", (99, 1))], [(4, 10), (12, 10), (8, 10)]) == 2
    assert fewest_nodes([], [(1, 1)]) == 0
