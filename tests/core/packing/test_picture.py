"""Where replicas stand in the picture of a node."""

from orchestrator.core.packing.picture import Stair, owners, stairs
from orchestrator.core.packing.whatif import Box, Piece

WEB = Piece("web-1", "web", (1, 4))
DB = Piece("db-1", "db", (2, 2))
MORE = Piece("web-2", "web", (1, 4))


def test_replicas_stand_corner_to_corner_each_service_together() -> None:
    assert stairs(Box("n", (10, 20), (WEB, DB, MORE))) == (
        Stair(WEB, 0.0, 0.0, 0.1, 0.2),
        Stair(MORE, 0.1, 0.2, 0.1, 0.2),
        Stair(DB, 0.2, 0.4, 0.2, 0.1),
    )


def test_a_full_node_ends_in_the_upper_right_corner() -> None:
    last = stairs(Box("n", (3, 6), (WEB, DB)))[-1]
    assert (last.x + last.width, last.y + last.height) == (1.0, 1.0)


def test_one_dimension_is_drawn_as_both() -> None:
    [stair] = stairs(Box("n", (10,), (Piece("a", "a", (5,)),)))
    assert (stair.width, stair.height) == (0.5, 0.5)


def test_a_service_has_one_number_in_all_boxes() -> None:
    assert owners([Box("a", (9, 9), (WEB,)), Box("b", (9, 9), (DB, MORE))]) == {"db": 0, "web": 1}
