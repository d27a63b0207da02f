"""The other algorithms: least requests, lots, the ring; and slow start."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.balancing import (
    Balancer,
    ConsistentHash,
    LeastRequests,
    RandomChoice,
    RoundRobin,
    warm_percent,
)
from orchestrator.core.balancing.consistent_hash import MAX_POINTS

ITEMS = "abcd"
KEYS = [f"10.0.{n // 256}.{n % 256}".encode() for n in range(2_000)]


def idle(_item: str) -> int:
    return 0


def every(loads: dict[str, int], weights: list[int] | None = None) -> list[Balancer[str]]:
    rand = Random(7).random
    return [
        RoundRobin(ITEMS, weights),
        RandomChoice(ITEMS, rand, weights),
        LeastRequests[str](ITEMS, loads.__getitem__, rand, 2, weights),
        LeastRequests[str](ITEMS, loads.__getitem__, rand, 9, weights),
        ConsistentHash[str](ITEMS, ITEMS, loads.__getitem__, 125, weights),
    ]


@given(
    st.sets(st.sampled_from(ITEMS)),
    st.fixed_dictionaries({item: st.integers(0, 50) for item in ITEMS}),
    st.lists(st.integers(1, 9), min_size=4, max_size=4),
    st.binary(max_size=8),
)
def test_what_is_excluded_is_never_picked_and_what_is_left_is(
    excluded: set[str], loads: dict[str, int], weights: list[int], key: bytes
) -> None:
    for balancer in every(loads, weights):
        for _ in range(6):
            picked = balancer.pick(excluded, key)
            assert (picked in set(ITEMS) - excluded) if len(excluded) < 4 else picked is None


def test_nothing_to_pick_from() -> None:
    rand = Random(7).random
    assert RandomChoice("", rand).pick() is None
    assert LeastRequests("", idle, rand).pick() is None
    assert ConsistentHash("", "", idle).pick((), b"x") is None


@pytest.mark.parametrize("bad", [[1, 2], [1, 0, 1, 1]])
def test_bad_weights_are_refused(bad: list[int]) -> None:
    for balancer in every(dict.fromkeys(ITEMS, 0)):
        with pytest.raises(ValueError, match="weight"):
            balancer.reweigh(bad)


def test_lots_follow_the_weights() -> None:
    balancer = RandomChoice(ITEMS, Random(7).random, [5, 3, 1, 1])
    picked = Counter(balancer.pick() for _ in range(10_000))
    for item, share in zip(ITEMS, (0.5, 0.3, 0.1, 0.1), strict=True):
        assert picked[item] / 10_000 == pytest.approx(share, abs=0.02)


@given(st.fixed_dictionaries({item: st.integers(0, 50) for item in ITEMS}), st.integers(0, 99))
def test_with_all_choices_the_idlest_is_taken(loads: dict[str, int], seed: int) -> None:
    balancer = LeastRequests(ITEMS, loads.__getitem__, Random(seed).random, 4)
    assert loads[balancer.pick() or ""] == min(loads.values())


@given(st.fixed_dictionaries({item: st.integers(0, 50) for item in ITEMS}), st.integers(0, 99))
def test_of_two_choices_the_busiest_is_never_taken(loads: dict[str, int], seed: int) -> None:
    balancer = LeastRequests(ITEMS, loads.__getitem__, Random(seed).random, 2)
    below = [item for item in ITEMS if loads[item] < max(loads.values())]
    if len(below) == len(ITEMS) - 1:
        assert balancer.pick() in below


def test_equally_idle_ones_are_picked_equally_often() -> None:
    balancer = LeastRequests(ITEMS, idle, Random(7).random, 4)
    picked = Counter(balancer.pick() for _ in range(8_000))
    assert all(count == pytest.approx(2_000, rel=0.1) for count in picked.values())


def test_two_choices_level_the_load() -> None:
    """10,000 requests that never end, on 100: the fullest has log log n more than its share."""
    loads = dict.fromkeys(range(100), 0)
    balancer = LeastRequests(range(100), loads.__getitem__, Random(7).random, 2)
    for _ in range(10_000):
        loads[balancer.pick() or 0] += 1
    assert max(loads.values()) <= 104


def test_a_weight_counts_as_capacity() -> None:
    loads = dict.fromkeys(ITEMS, 0)
    balancer = LeastRequests(ITEMS, loads.__getitem__, Random(7).random, 4, [3, 1, 1, 1])
    for _ in range(600):
        loads[balancer.pick() or ""] += 1
    assert loads["a"] == pytest.approx(300, abs=3)


@pytest.mark.parametrize("choices", [2, 4])
def test_a_light_item_gets_some_while_all_are_idle(choices: int) -> None:
    balancer = LeastRequests(ITEMS, idle, Random(7).random, choices, [100, 100, 100, 10])
    picked = Counter(balancer.pick() for _ in range(8_000))
    assert 150 < picked["d"] < 450  # Its share is 258; of pairs, a little more.


def test_a_new_scale_of_the_weights_gives_nobody_a_run() -> None:
    balancer = RoundRobin("abc", [200, 100, 50])
    for _ in range(4):
        balancer.pick()
    balancer.reweigh([2, 1, 1])
    assert Counter(balancer.pick() for _ in range(8))["a"] <= 5


def test_the_bound_is_exact() -> None:
    load = {"a": 55, "b": 44}  # With this one 100: half of them and 10% are 55, not a bit more.
    ring = ConsistentHash("ab", "ab", load.__getitem__, 110)
    assert {ring.pick((), key) for key in KEYS} == {"b"}


def test_a_key_stays_on_its_item() -> None:
    ring, other = (ConsistentHash(ITEMS, ITEMS, idle) for _ in range(2))
    assert [ring.pick((), key) for key in KEYS] == [other.pick((), key) for key in KEYS]
    shares = Counter(ring.pick((), key) for key in KEYS)
    assert all(count == pytest.approx(500, rel=0.35) for count in shares.values())


def test_when_one_leaves_only_its_keys_move() -> None:
    names = [f"web-{n}" for n in range(10)]
    whole = ConsistentHash(names, names, idle)
    smaller = ConsistentHash(names[1:], names[1:], idle)
    before = {key: whole.pick((), key) for key in KEYS}
    after = {key: smaller.pick((), key) for key in KEYS}
    assert {before[key] for key in KEYS if before[key] != after[key]} == {"web-0"}
    assert after == {key: whole.pick({"web-0"}, key) for key in KEYS}


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.sampled_from([100, 125, 200]))
def test_no_item_has_more_than_its_bound(keys: list[int], percent: int) -> None:
    loads = dict.fromkeys(ITEMS, 0)
    ring = ConsistentHash(ITEMS, ITEMS, loads.__getitem__, percent)
    for total, key in enumerate(keys, 1):
        loads[ring.pick((), bytes([key])) or ""] += 1
        assert max(loads.values()) <= -(-total * percent // 400)


def test_shares_on_the_ring_follow_the_weights() -> None:
    ring = ConsistentHash(ITEMS, ITEMS, idle, 125, [5, 1, 1, 1])
    shares = Counter(ring.pick((), key) for key in KEYS)
    assert shares["a"] == pytest.approx(1_250, rel=0.2)


def test_large_weights_make_no_larger_ring() -> None:
    """It is made anew with each snapshot, while requests wait."""
    names = [f"web-{n}" for n in range(100)]
    ring = ConsistentHash(names, names, lambda _: 0, 125, [100, 1] * 50)
    assert len(ring._points) <= MAX_POINTS
    light = sum(names.index(ring.pick((), key) or "") % 2 for key in KEYS)
    assert 0 < light < 60


@pytest.mark.parametrize(
    ("age", "percent"), [(0, 10), (0.5, 10), (2.5, 25), (5, 50), (9.99, 99), (10, 100), (99, 100)]
)
def test_a_share_grows_with_time(age: float, percent: int) -> None:
    assert warm_percent(age, 10) == percent


def test_without_a_window_nothing_warms_up() -> None:
    assert warm_percent(0, 0) == 100
