"""Packings beside optima proven by an exact solver, where the extra `prove` is installed."""

from collections.abc import Callable
from random import Random

import pytest

from benchmarks.packing.proof import NotProvenError, available, optimum, small
from orchestrator.core.packing.bounds import lower_bound
from orchestrator.core.packing.instance import Instance
from orchestrator.core.packing.offline import pack_batch
from orchestrator.core.packing.online import ONLINE, pack_online
from orchestrator.core.packing.search import improve

pytestmark = pytest.mark.skipif(not available(), reason="needs ortools (the extra `prove`)")


def looks(count: int) -> Callable[[], bool]:
    left = iter(range(count))
    return lambda: next(left, None) is not None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("dimensions", [1, 2, 3])
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_below_the_optimum_and_the_search_finds_it(dimensions: int, seed: int) -> None:
    instance = small(dimensions, seed)
    best = optimum(instance)
    batch = pack_batch(instance)
    online = [pack_online(instance, score) for score in ONLINE.values()]
    assert lower_bound(instance) <= best <= min(len(packing) for packing in (batch, *online))
    assert len(improve(instance, batch, Random(1), looks(200))) == best


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_time_is_no_proof() -> None:
    items = tuple((size, 60 - size) for size in range(10, 50))
    with pytest.raises(NotProvenError):
        optimum(Instance((100, 100), items), limit_s=0.001)
