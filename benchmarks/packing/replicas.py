"""Many equal replicas: where decreasing orders are worse than the order of arrival."""

from collections.abc import Callable
from random import Random
from typing import Final

from benchmarks.packing.instances import judge
from benchmarks.report import Comparison, Row
from benchmarks.spread import Spread
from orchestrator.core.packing.bounds import lower_bound
from orchestrator.core.packing.instance import Instance
from orchestrator.core.packing.offline import OFFLINE, pack_batch
from orchestrator.core.packing.online import ONLINE, pack_online

SEEDS: Final = range(1, 6)
SERVICES: Final = 12
REPLICAS: Final = 100
NODE: Final = (16_000, 64 * 1024)
CPU: Final = (500, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 7000)
MEMORY: Final = range(1, 25)


def replica_heavy(seed: int) -> Instance:
    """Services of a hundred equal replicas each, which arrive in a random order."""
    random = Random(seed)
    shapes = [(random.choice(CPU), 1024 * random.choice(MEMORY)) for _ in range(SERVICES)]
    items = [shape for shape in shapes for _ in range(REPLICAS)]
    random.shuffle(items)
    return Instance(NODE, tuple(items))


def trap(progress: Callable[[str], None]) -> tuple[list[Row], Comparison]:
    """By seed: the bound, the best order of arrival, the decreasing rules, and the batch."""
    lines: list[tuple[str, ...]] = []
    over = []
    for seed in SEEDS:
        progress(f"packing: replica-heavy, seed {seed}")
        instance = replica_heavy(seed)
        online = {rule: pack_online(instance, score) for rule, score in ONLINE.items()}
        sorted_ = {rule: OFFLINE[rule](instance) for rule in ("ffd-sum", "bfd")}
        batch = pack_batch(instance)
        for packing in (*online.values(), *sorted_.values(), batch):
            judge(f"replica-heavy {seed}", instance, packing)
        fewest = min(map(len, online.values()))
        counts = (lower_bound(instance), fewest, *map(len, sorted_.values()), len(batch))
        lines.append((f"seed {seed}", *map(str, counts)))
        over.append(len(batch) - fewest)
    header = ("replica-heavy", "bound", "best of arrival", *sorted_, "batch")
    title = f"{SERVICES} services of {REPLICAS} equal replicas on nodes of 16 cores and 64 GiB"
    what = "replica-heavy: bins of the batch beyond those of the best order of arrival"
    row = Row(what, Spread(tuple(over)), "", 0, always=True)
    return [row], Comparison(title, header, lines, {"over": over})
