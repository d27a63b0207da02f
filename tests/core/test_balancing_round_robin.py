"""Round robin: who takes the next request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.balancing import RoundRobin

weights = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def picks(balancer: RoundRobin[str], count: int) -> str:
    return "".join(balancer.pick() or "-" for _ in range(count))


def test_equal_weights_go_round_in_order() -> None:
    assert picks(RoundRobin("abc"), 7) == "abcabca"


def test_heavy_items_are_spread_out_as_in_nginx() -> None:
    assert picks(RoundRobin("abc", [5, 1, 1]), 14) == "aabacaa" * 2


def test_nothing_to_pick_from() -> None:
    assert RoundRobin([]).pick() is None


@pytest.mark.parametrize("given_weights", [None, [3, 2, 1]])
def test_excluded_items_are_passed_over(given_weights: list[int] | None) -> None:
    balancer = RoundRobin("abc", given_weights)
    assert {balancer.pick(exclude={"b"}) for _ in range(6)} == {"a", "c"}
    assert balancer.pick(exclude={"a", "b", "c"}) is None


@pytest.mark.parametrize("bad", [[1, 2], [1, 0, 1]])
def test_bad_weights_are_refused(bad: list[int]) -> None:
    with pytest.raises(ValueError, match="weight"):
        RoundRobin("abc", bad)


@given(weights)
def test_every_cycle_gives_each_item_its_weight(given_weights: list[int]) -> None:
    balancer = RoundRobin(range(len(given_weights)), given_weights)
    cycle = sum(given_weights)
    for _ in range(3):
        picked = [balancer.pick() for _ in range(cycle)]
        assert [picked.count(item) for item in range(len(given_weights))] == given_weights


@given(st.integers(1, 6), st.integers(0, 20))
def test_equal_weights_match_the_weighted_algorithm(items: int, count: int) -> None:
    direct, credits_ = RoundRobin(range(items)), RoundRobin(range(items), [7] * items)
    credits_._equal = False
    assert [direct.pick() for _ in range(count)] == [credits_.pick() for _ in range(count)]
