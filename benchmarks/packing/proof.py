"""The optimum of small instances, proven by the solver SCIP in ortools (the extra `prove`)."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from random import Random
from typing import Final

from benchmarks.packing.instances import judge
from benchmarks.report import Row
from benchmarks.spread import Spread
from orchestrator.core.packing.bounds import lower_bound
from orchestrator.core.packing.instance import Instance, Size
from orchestrator.core.packing.offline import pack_batch
from orchestrator.core.packing.online import ONLINE, pack_online
from orchestrator.core.packing.search import improve

SEEDS: Final = range(1, 11)
ITEMS: Final = 24
CAPACITY: Final = 100
LOOKS: Final = 200
LIMIT_S: Final = 10.0


class NotProvenError(Exception):
    """Time was up before the optimum was proven."""


def available() -> bool:
    """Whether ortools is there."""
    return find_spec("ortools") is not None


def optimum(instance: Instance, limit_s: float = LIMIT_S) -> int:
    """The fewest bins any packing has: as few sets of items as cover all, of all sets that fit a
    bin. For some two dozen items, of which few fit a bin. Raises NotProvenError.

    Source: Gilmore and Gomory: A linear programming approach to the cutting-stock problem, 1961.
    """
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("SCIP")
    solver.SetTimeLimit(round(1000 * limit_s))
    covered = [solver.Constraint(1, solver.infinity()) for _ in instance.items]
    objective = solver.Objective()
    for pattern in _fitting(instance, 0, instance.capacity):
        chosen = solver.BoolVar("")
        objective.SetCoefficient(chosen, 1)
        for index in pattern:
            covered[index].SetCoefficient(chosen, 1)
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        raise NotProvenError(f"not proven within {limit_s:g} s")
    return round(float(objective.Value()))


def _fitting(instance: Instance, first: int, left: Size) -> Iterator[tuple[int, ...]]:
    """All sets of items from number `first` on that fit what is left of a bin."""
    for index in range(first, len(instance.items)):
        after = tuple(map(int.__sub__, left, instance.items[index]))
        if min(after) >= 0:
            yield (index,)
            for rest in _fitting(instance, index + 1, after):
                yield (index, *rest)


def small(dimensions: int, seed: int) -> Instance:
    """Items of a fifth to six tenths of a bin."""
    random = Random(f"{dimensions} {seed}")
    low, high = CAPACITY // 5, 6 * CAPACITY // 10
    sizes = [tuple(random.randint(low, high) for _ in range(dimensions)) for _ in range(ITEMS)]
    return Instance((CAPACITY,) * dimensions, tuple(sizes))


def proven(progress: Callable[[str], None]) -> list[Row]:
    """How far batches and the search are from optima that are proven; the judge knows these."""
    what = f"{2 * len(SEEDS)} small instances: bins beyond the proven optimum"
    if not available():
        why = "needs: pip install -r requirements-prove.lock"
        return [Row(f"{what}, search", None, "", skipped=why)]
    beyond: dict[str, list[float]] = {"batch": [], "search": []}
    for dimensions in (2, 3):
        for seed in SEEDS:
            progress(f"packing: proof, {dimensions}-D, seed {seed}")
            instance = small(dimensions, seed)
            best = optimum(instance)
            if lower_bound(instance) > best:
                raise NotProvenError("a lower bound above the optimum is none")
            batch = pack_batch(instance)
            found = {
                "batch": batch,
                "search": improve(instance, batch, Random(1), _for(LOOKS)),
            }
            for rule, packing in found.items():
                judge(f"small {dimensions} {seed}", instance, packing, best)
                beyond[rule].append(len(packing) - best)
            for score in ONLINE.values():
                judge("small", instance, pack_online(instance, score), best)
    return [Row(f"{what}, {rule}", Spread(tuple(all_)), "") for rule, all_ in beyond.items()]


def _for(looks: int) -> Callable[[], bool]:
    """Says yes so many times."""
    left = iter(range(looks))
    return lambda: next(left, None) is not None
