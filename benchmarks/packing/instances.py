"""Batches on equal bins: bins over the optimum, each packing judged by the validator."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.report import Comparison, Row
from benchmarks.spread import Spread
from orchestrator.core.packing.bounds import lower_bound
from orchestrator.core.packing.instance import Instance, Packing
from orchestrator.core.packing.offline import OFFLINE, best_of, bin_centric, l2
from orchestrator.core.packing.online import ONLINE, pack_online
from orchestrator.core.packing.search import improve
from orchestrator.core.packing.validate import faults
from orchestrator.manifest.vectors import read_instance, read_trace

SETS: Final = {"vbp2": ("2-D", 1.09, 1.03, 1.008), "vbp3": ("3-D", None, 1.07, 1.025)}
BATCH: Final = "best of all"
BUDGET_S: Final = 2.0
SEARCH: Final = f"{BUDGET_S:.0f} s of processor time"
NODE: Final = (96_000, 384 * 1024)
OPENB_AIM: Final = 899
SEED: Final = 1

Ratios = dict[str, list[float]]


class WrongPackingError(Exception):
    """The validator refused a placement."""


def quality(data: Path, progress: Callable[[str], None]) -> tuple[list[Row], list[Comparison]]:
    """Every instance in the folders of `SETS`, by every rule."""
    rows, tables = [], []
    for folder, (title, *aims) in SETS.items():
        ratios: Ratios = {}
        for name, instance, optimum in instances(data / folder):
            progress(f"packing: {name}")
            for rule, packing in _packings(instance).items():
                judge(name, instance, packing, optimum)
                ratios.setdefault(rule, []).append(len(packing) / optimum)
        means = {rule: sum(found) / len(found) for rule, found in ratios.items()}
        for rule, aim in zip(("binpack", BATCH, SEARCH), aims, strict=True):
            rows.append(_above(f"{title}, {rule}", means[rule], aim))
        lines: list[tuple[str, ...]] = [(rule, f"{mean:.4f}") for rule, mean in means.items()]
        title = f"{title}: mean bins/optimum of {len(ratios[BATCH])} instances"
        tables.append(Comparison(title, ("rule", "mean"), lines, dict(ratios)))
    return rows, tables


def _above(what: str, mean: float, aim: float | None) -> Row:
    """A mean of bins/optimum as a percentage, for a row shows three digits."""
    most = None if aim is None else round(100 * (aim - 1), 6)
    return Row(f"{what}: mean above the optimum", Spread((100 * (mean - 1),)), "%", most)


def judge(name: str, instance: Instance, packing: Packing, optimum: int | None = None) -> None:
    """Raises WrongPackingError if the validator finds a fault."""
    if found := list(faults(instance.capacity, instance.items, packing, optimum)):
        raise WrongPackingError(f"{name}: {found[0]}")


def instances(folder: Path) -> Iterator[tuple[str, Instance, int]]:
    """The name, the problem and its optimum, of each in the folder's index."""
    for name, facts in json.loads((folder / "index.json").read_text()).items():
        yield name, read_instance(folder / f"{name}.vbp"), facts["opt"]


def _packings(instance: Instance) -> dict[str, Packing]:
    """The packing of each rule, the best of them, and what the search makes of it."""
    start = time.process_time()
    found = {rule: pack_online(instance, score) for rule, score in ONLINE.items()}
    found |= {rule: pack(instance) for rule, pack in OFFLINE.items()}
    best = best_of(list(found.values()))
    searched = improve(instance, best, Random(SEED), lambda: time.process_time() < start + BUDGET_S)
    return found | {BATCH: best, SEARCH: searched}


def equal_nodes(pods: Path, progress: Callable[[str], None]) -> list[Row]:
    """The pods of a production cluster, all at once, on nodes of 96 cores and 384 GiB."""
    progress("packing: openb")
    asked = read_trace(pods)
    fitting = tuple(size for size in asked if size[0] <= NODE[0] and size[1] <= NODE[1])
    instance = Instance(NODE, fitting)
    packing = bin_centric(instance, l2, dynamic=False)
    judge("openb", instance, packing)
    what = f"openb, {len(fitting)} of {len(asked)} pods (bound {lower_bound(instance)}), L2: nodes"
    rows = [Row(what, Spread((len(packing),)), "", OPENB_AIM)]
    end = time.process_time() + BUDGET_S
    searched = improve(instance, packing, Random(SEED), lambda: time.process_time() < end)
    judge("openb", instance, searched)
    rows.append(Row(f"openb, L2 and {SEARCH}: nodes", Spread((len(searched),)), "", OPENB_AIM))
    return rows
