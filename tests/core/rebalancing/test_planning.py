"""Which moves free whole nodes: states and the moves, as text."""

from random import Random

from orchestrator.core.rebalancing import plan_moves, tenants_of
from orchestrator.core.scheduling import Cluster
from orchestrator.model.state import Desired, Observed
from tests.core.notation import lines, state

THREE = """
    node n1 cpu=1
    node n2 cpu=1
    node n3 cpu=1
"""


def moves(text: str, most: int = 100) -> str:
    return planned(*state(text), most)


def planned(desired: Desired, observed: Observed, most: int = 100) -> str:
    cluster = Cluster.of(desired.nodes, observed.replicas)
    return "\n".join(map(str, plan_moves(cluster, tenants_of(desired, observed), most)))


def test_the_node_that_is_cheapest_to_empty_is_freed() -> None:
    found = moves(f"""{THREE}
        web 3@a cpu=300m
        web-1.1 n1@a ready cpu=300m
        web-2.1 n1@a ready cpu=300m
        web-3.1 n2@a ready cpu=300m
    """)
    assert found == "move web-3.1 from n2 to n1: frees n2 (1 of 1)"


def test_nothing_moves_where_no_node_can_be_freed() -> None:
    assert not moves(f"""{THREE}
        web 3@a cpu=600m
        web-1.1 n1@a ready cpu=600m
        web-2.1 n2@a ready cpu=600m
        web-3.1 n3@a ready cpu=600m
    """)


def test_a_node_is_freed_whole_or_not_at_all() -> None:
    text = f"""{THREE}
        web 4@a cpu=200m
        db 2@a cpu=250m
        web-1.1 n1@a ready cpu=200m
        web-2.1 n1@a ready cpu=200m
        web-3.1 n2@a ready cpu=200m
        web-4.1 n2@a ready cpu=200m
        db-1.1 n1@a ready cpu=250m
        db-2.1 n3@a ready cpu=250m
    """
    assert moves(text, most=1) == "move db-2.1 from n3 to n1: frees n3 (1 of 1)"
    assert not moves(text, most=0)


def test_large_replicas_are_placed_first() -> None:
    found = moves(f"""{THREE}
        big 1@a cpu=400m
        web 4@a cpu=100m
        web-1.1 n1@a ready
        big-1.1 n1@a ready cpu=400m
        web-2.1 n2@a ready
        web-3.1 n2@a ready
        web-4.1 n2@a ready
        fat 2@a cpu=600m
        fat-1.1 n3@a ready cpu=600m
        fat-2.1 n2@a ready cpu=600m
    """)
    assert found == lines("""
        move big-1.1 from n1 to n3: frees n1 (1 of 2)
        move web-1.1 from n1 to n2: frees n1 (2 of 2)
    """)


def test_a_replica_moves_once_though_its_new_node_is_cheap_too() -> None:
    found = moves(f"""{THREE}
        web 3@a cpu=100m
        web-1.1 n1@a ready
        web-2.1 n2@a ready
        web-3.1 n3@a ready
    """)
    assert found == lines("""
        move web-1.1 from n1 to n2: frees n1 (1 of 1)
        move web-3.1 from n3 to n2: frees n3 (1 of 1)
    """)


def test_what_is_on_its_way_pins_its_node() -> None:
    for one in ("starting", "running", "stopping", "exit=1"):
        found = moves(f"""{THREE}
            web 2@a cpu=100m
            web-1.1 n1@a ready
            web-2.1 n2@a {one}
        """)
        assert "web-2.1" not in found


def test_cordoned_nodes_are_emptied_but_not_filled() -> None:
    found = moves("""
        node n1 cpu=1 cordoned
        node n2 cpu=1
        web 3@a cpu=100m
        web-1.1 n1@a ready
        web-2.1 n1@a ready
        web-3.1 n2@a ready
    """)
    assert found == lines("""
        move web-1.1 from n1 to n2: frees n1 (1 of 2)
        move web-2.1 from n1 to n2: frees n1 (2 of 2)
    """)


def test_the_order_of_the_input_is_no_matter() -> None:
    random = Random(7)
    rows = [f"web-{slot}.1 n{random.randint(1, 9)}@a ready cpu=150m" for slot in range(1, 21)]
    nodes = [f"node n{number} cpu=1" for number in range(1, 10)]
    wanted = moves("\n".join([*nodes, "web 20@a cpu=150m", *rows]))
    assert wanted
    for _ in range(5):
        random.shuffle(rows)
        random.shuffle(nodes)
        assert moves("\n".join([*nodes, "web 20@a cpu=150m", *rows])) == wanted
