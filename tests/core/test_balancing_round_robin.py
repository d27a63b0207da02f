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


def harmonic(n: int) -> float:
    return sum(1 / k for k in range(1, n + 1))


def follow(before: RoundRobin[int], sets: list[tuple[dict[int, int], int]]) -> float:
    """Pick so often from each set of items with their weights; the most that an item that stays
    was behind its share or ahead of it."""
    most, behind = 0.0, dict[int, float]()
    for weights_, count in sets:
        before = RoundRobin(list(weights_), list(weights_.values()), before.owed)
        behind = {item: behind.get(item, 0.0) for item in weights_}
        for _ in range(count):
            picked = before.pick()
            for item, weight in weights_.items():
                behind[item] += weight / sum(weights_.values()) - (item == picked)
            most = max(most, *map(abs, behind.values()))
        assert before.owed == pytest.approx(behind, abs=1e-6)
    return most


equal = st.dictionaries(st.integers(1, 8), st.just(1), min_size=1)
weighted = st.dictionaries(st.integers(1, 8), st.integers(1, 50), min_size=1)
counts = st.integers(0, 12)


@given(st.lists(st.one_of(st.tuples(equal, counts), st.tuples(weighted, counts)), max_size=30))
def test_who_stays_keeps_its_share_whatever_comes_and_goes(
    sets: list[tuple[dict[int, int], int]],
) -> None:
    assert follow(RoundRobin[int]([]), sets) <= harmonic(8)


def test_the_last_of_a_shrinking_set_is_owed_as_much_as_can_be() -> None:
    """Whoever was picked goes: no rule could do better for who is left."""
    left = dict.fromkeys(range(1, 9), 1)
    sets = []
    for item in range(1, 9):
        sets.append((dict(left), 1))
        del left[item]
    assert follow(RoundRobin[int]([]), sets[:-1]) == pytest.approx(harmonic(8) - 1)


@pytest.mark.parametrize("weight", [1, 2])
def test_a_set_that_changes_all_the_time_gives_the_first_no_more(weight: int) -> None:
    """After each request the last replica is another one."""
    picked, before = [], RoundRobin[int]([])
    for turn in range(60):
        items, weights_ = [1, 2, 100 + turn], [weight, weight, 1]
        before = RoundRobin(items, weights_, before.owed)
        picked.append(before.pick())
    share = 60 * weight / (2 * weight + 1)
    assert picked.count(1) == pytest.approx(share, abs=1)
    assert picked.count(2) == pytest.approx(share, abs=1)
