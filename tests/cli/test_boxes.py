"""Nodes as pictures: in characters, and as SVG."""

import xml.etree.ElementTree as ET

from orchestrator.cli.render.boxes_svg import MOST_BOXES, Panel, picture
from orchestrator.cli.render.boxes_text import boxes
from orchestrator.cli.running import boxes_of, moved
from orchestrator.cli.terminal import coloured, plain
from orchestrator.core.packing.whatif import Box, Piece
from tests.cli.orch import Orch
from tests.cli.views import node, replica

SVG = "{http://www.w3.org/2000/svg}"


def box(name: str, *pieces: tuple[str, int, int]) -> Box:
    inside = tuple(
        Piece(f"{owner}-{number}", owner, (cpu, memory))
        for number, (owner, cpu, memory) in enumerate(pieces, 1)
    )
    return Box(name, (4, 8), inside)


HALVES = box("n1", ("db", 2, 4), ("web", 2, 4))


def test_without_colours_services_are_letters() -> None:
    assert boxes([HALVES], plain, colour=False) == [
        "n1",
        "┌─────────────────┐",
        *["│         bbbbbbbb│"] * 4,
        *["│AAAAAAAAA        │"] * 4,
        "└─────────────────┘",
        "CPU 100% RAM 100%",
        "",
        "A db   B web",
    ]


def test_replicas_of_a_service_alternate_and_none_is_too_small_to_see() -> None:
    tiny = box("n1", *[("web", 1, 0)] * 4)
    lines = boxes([tiny], plain, colour=False)
    assert lines[9] == "│AAAAaaaaaAAAAaaaa│"


def test_with_colours_each_service_has_its_own() -> None:
    lines = boxes([HALVES], coloured, colour=True)
    assert "│\x1b[38;5;32m█\x1b[0m" in lines[9]
    assert "\x1b[38;5;214m▓\x1b[0m" in lines[2]


def test_eighty_columns_are_enough_for_four_nodes() -> None:
    lines = boxes([box(f"a-very-long-node-name-{n}") for n in range(5)], plain, colour=False)
    assert max(map(len, lines)) <= 80
    assert lines[0].count("a-very-long-node…") == 4
    assert lines[12] == "a-very-long-node…"


def test_a_node_that_has_crashed_is_told_in_words() -> None:
    lines = boxes([box("n1"), box("n2")], plain, colour=False, down={"n2"})
    assert lines[-1].split() == ["CPU", "0%", "RAM", "0%", "NotReady"]


def test_what_runs_is_drawn_and_what_waits_is_not() -> None:
    there = replica(name="web-1", service="web", node="node-1", cpu_request_millicores=250)
    waits = replica(name="web-2", service="web", slot=2, node=None, id=None)
    [found] = boxes_of([node(name="node-1", cpu_millicores=1000)], [waits, there])
    assert [piece.name for piece in found.pieces] == ["web-1"]
    assert found.used[0] == 250


def test_after_its_moves_each_replica_is_on_its_target() -> None:
    after = moved([HALVES, box("n2")], {"web-2": "n2", "else-1": "n1"})
    assert [[piece.name for piece in one.pieces] for one in after] == [["db-1"], ["web-2"]]


def rectangles(svg: str) -> list[dict[str, str]]:
    return [each.attrib for each in ET.fromstring(svg).iter(f"{SVG}rect")]


def test_the_svg_has_a_rectangle_for_each_replica_in_the_colour_of_its_service() -> None:
    svg = picture([Panel("before", [HALVES]), Panel("after", [box("n1"), HALVES])])
    fills = [each.get("fill") for each in rectangles(svg)]
    assert fills.count("#0072B2") == 3  # two replicas, and the legend
    assert fills.count("#E69F00") == 3
    widths = {each["width"] for each in rectangles(svg) if each.get("fill") == "#0072B2"}
    assert widths == {"70.00", "14"}
    texts = [each.text for each in ET.fromstring(svg).iter(f"{SVG}text")]
    assert {"before", "after", "n1", "CPU 100%, RAM 100%", "CPU 0%, RAM 0%", "db"} <= set(texts)


def test_names_cannot_break_out_of_the_svg_and_many_nodes_are_cut() -> None:
    svg = picture([Panel("a < b", [box("<n&>", ("<i>", 1, 1))] * (MOST_BOXES + 5))])
    texts = [each.text for each in ET.fromstring(svg).iter(f"{SVG}text")]
    assert {"a < b", "… and 5 more nodes", "<i>"} <= set(texts)


def test_the_running_cluster_in_characters(running: Orch) -> None:
    lines = running.quick("nodes", "--pack").splitlines()
    assert lines[0].split() == ["node-1", "node-2"]
    assert lines[9].startswith("│A")
    assert lines[-1] == "A web"
    assert running.json("nodes", "--pack") == running.json("nodes")
