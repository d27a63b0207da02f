"""Batches packed by every rule, judged by the validator and against known optima."""

from collections.abc import Callable
from itertools import count
from random import Random

import pytest

from orchestrator.core.packing.bounds import lower_bound
from orchestrator.core.packing.instance import Instance, Packing, TooLargeError
from orchestrator.core.packing.offline import OFFLINE, pack_batch
from orchestrator.core.packing.online import ONLINE, pack_online
from orchestrator.core.packing.search import improve
from orchestrator.core.packing.validate import faults


def cut(bins: int, parts: int, dimensions: int, seed: int) -> Instance:
    """Full bins cut at random into parts and shuffled: the optimum is `bins`."""
    draw = Random(seed)
    items = []
    for _ in range(bins):
        cuts = [[0, *sorted(draw.sample(range(1, 100), parts - 1)), 100] for _ in range(dimensions)]
        items += [tuple(c[i + 1] - c[i] for c in cuts) for i in range(parts)]
    draw.shuffle(items)
    return Instance((100,) * dimensions, tuple(items))


def looks(times: int) -> Callable[[], bool]:
    """Time that is up after so many looks at the clock."""
    counter = count()
    return lambda: next(counter) < times


def wrong(instance: Instance, packing: Packing, optimum: int | None = None) -> list[str]:
    return list(faults(instance.capacity, instance.items, packing, optimum))


@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("seed", range(5))
def test_every_rule_packs_every_item_once_and_no_better_than_the_optimum(
    dimensions: int, seed: int
) -> None:
    instance = cut(12, 4, dimensions, seed)
    packings = [pack_online(instance, score) for score in ONLINE.values()]
    packings += [rule(instance) for rule in OFFLINE.values()]
    assert [wrong(instance, packing, 12) for packing in packings] == [[]] * len(packings)
    assert lower_bound(instance) == 12


def test_a_batch_is_never_worse_than_the_order_of_arrival() -> None:
    draw = Random(7)
    shapes = [(draw.randint(1, 60), draw.randint(1, 60)) for _ in range(12)]
    instance = Instance((100, 100), tuple(shape for shape in shapes for _ in range(30)))
    batch = pack_batch(instance)
    assert not wrong(instance, batch)
    assert len(batch) <= min(len(pack_online(instance, score)) for score in ONLINE.values())


def test_the_search_finds_a_packing_that_no_rule_finds() -> None:
    instance = cut(20, 3, 2, seed=3)
    start = pack_batch(instance)
    found = improve(instance, start, Random(1), looks(200))
    assert not wrong(instance, found, 20)
    assert len(found) < len(start)


def test_the_search_is_the_same_for_the_same_seed_and_steps() -> None:
    instance = cut(20, 4, 3, seed=4)
    start = OFFLINE["ffd-sum"](instance)
    runs = [improve(instance, start, Random(9), looks(50)) for _ in range(2)]
    assert runs[0] == runs[1]


def test_the_search_without_time_gives_what_it_got() -> None:
    instance = cut(20, 4, 2, seed=5)
    start = OFFLINE["ffd-sum"](instance)
    assert improve(instance, start, Random(1), looks(0)) == start


def test_conflicting_items_raise_the_bound_above_the_volume() -> None:
    # Volume asks for 2 bins in each dimension; no two of the items fit together.
    assert lower_bound(Instance((10, 10), ((9, 2), (2, 9), (6, 6)))) == 3


def test_large_items_take_whole_bins_in_the_bound() -> None:
    # 6 + 6 + 6 + 5 is 23 of 10: three bins by volume, four by the large items' dual function.
    assert lower_bound(Instance((10,), ((6,), (6,), (6,), (5,)))) == 4


@pytest.mark.parametrize("items", [(), ((0, 0),), ((10, 10),)])
def test_the_smallest_batches(items: tuple[tuple[int, int], ...]) -> None:
    instance = Instance((10, 10), items)
    packing = improve(instance, pack_batch(instance), Random(1), looks(10))
    assert not wrong(instance, packing)
    assert len(packing) == len(items) == lower_bound(instance)


def test_an_item_larger_than_a_bin_is_refused() -> None:
    with pytest.raises(TooLargeError, match=r"item 1 of size \(4, 11\)"):
        Instance((10, 10), ((1, 1), (4, 11)))


@pytest.mark.parametrize(
    ("bins", "optimum", "fault"),
    [
        (((0, 1),), None, "bin 0 holds 12 of 10 in dimension 1"),
        (((0,),), None, "item 1 is packed 0 times"),
        (((0,), (1, 0)), None, "item 0 is packed 2 times"),
        (((0,), (1,), ()), None, "bin 2 is empty"),
        (((0,), (1,), (2,)), None, "there is no item 2"),
        (((0,), (1,)), 3, "2 bins are fewer than the optimum of 3"),
    ],
)
def test_the_validator_finds_what_is_wrong(bins: Packing, optimum: int | None, fault: str) -> None:
    assert fault in list(faults((10, 10), ((4, 6), (4, 6)), bins, optimum))
