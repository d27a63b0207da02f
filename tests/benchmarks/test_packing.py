"""Placements over time: the judge refuses what is none, and the trace's own run passes it."""

from xml.etree import ElementTree

import pytest

from benchmarks.packing import azure, openb
from benchmarks.packing.ledger import Entry, Ledger, WrongPlacementError
from benchmarks.packing.picture import picture
from benchmarks.packing.traces import cluster_of
from orchestrator.core.packing.trace import TraceRow

NODES = {"n1": (1000, 1000), "n2": (1000, 1000)}
ITEMS = [TraceRow("a", 600, 100, 0, 20), TraceRow("b", 500, 100, 5, None)]
RIGHT = (Entry(0, "a", "n1"), Entry(5, "b", "n2"), Entry(20, "a", ""), Entry(20, "b", "n1"))


def follow(*entries: Entry) -> list[int]:
    return [step.nodes for step in Ledger(NODES, ITEMS).follow(entries)]


def test_it_counts_the_nodes_in_use() -> None:
    assert follow(*RIGHT) == [1, 2, 1, 1]


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ((Entry(1, "a", "n1"),), "not in time"),
        ((Entry(0, "a", "n1"), Entry(5, "b", "n1")), "no room"),
        ((Entry(0, "a", "n1"), Entry(1, "a", "n1")), "moves nowhere"),
        ((*RIGHT[:2], Entry(6, "a", "n2")), "no room"),
        ((Entry(0, "a", "n1"), Entry(19, "a", "")), "not in time"),
        ((*RIGHT[:3], Entry(21, "a", "n1")), "not in time"),
        ((Entry(20, "a", ""),), "never came"),
        ((Entry(0, "a", "n1"),), "1 items were never placed"),
    ],
)
def test_it_refuses(entries: tuple[Entry, ...], complaint: str) -> None:
    with pytest.raises(WrongPlacementError, match=complaint):
        follow(*entries)


def machines() -> list[TraceRow]:
    """Sixty that fill nodes in pairs, of which every second one leaves at once."""
    return [
        TraceRow(f"vm-{number:02}", 16_000, 1024, number, 100 if number % 2 else None)
        for number in range(60)
    ] + [TraceRow("last", 1000, 1024, 10_000, None)]


def test_rebalancing_frees_the_nodes_that_departures_left_half_empty() -> None:
    plain, rebalanced = azure.simulate(machines()), azure.simulate(machines(), 100, 1000)
    assert plain.peak == rebalanced.peak == 30
    assert (plain.steps[-1].nodes, rebalanced.steps[-1].nodes) == (30, 16)
    assert rebalanced.above_bound < plain.above_bound
    assert len(rebalanced.moves) == 15
    assert azure.simulate(machines(), 100, 4).steps[-1].nodes < 30


def test_pods_are_placed_until_one_finds_no_room() -> None:
    pods = [TraceRow(str(number), 400, 100, 0, None) for number in range(5)]
    pods.insert(3, TraceRow("fat", 900, 100, 0, None))
    assert len(dict(openb.fill(pods, cluster_of(NODES), "binpack", until_full=True))) == 3
    assert len(dict(openb.fill(pods, cluster_of(NODES), "binpack"))) == 4


def test_the_picture_has_a_line_for_each_run_and_the_bound() -> None:
    runs = {name: azure.simulate(machines()) for name in (azure.PLAIN, azure.JUDGED)}
    drawn = ElementTree.fromstring(picture(runs))
    lines = drawn.iter("{http://www.w3.org/2000/svg}polyline")
    titles = [line[0].text for line in lines]
    both = [azure.PLAIN, f"rebalanced {azure.JUDGED}"]
    assert titles == [*both, "lower bound", *both]
