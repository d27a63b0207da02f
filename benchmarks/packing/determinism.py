"""The same input and seed give the same bytes in any process, and order is no great matter."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import mean
from typing import Any, Final

from benchmarks.packing import azure, openb
from benchmarks.packing.instances import instances
from benchmarks.packing.replicas import replica_heavy
from benchmarks.packing.traces import Capacities, cluster_of, read_nodes
from benchmarks.report import Row
from benchmarks.sample import ROOT
from benchmarks.spread import Spread
from orchestrator.core.packing.instance import Instance
from orchestrator.core.packing.offline import pack_batch
from orchestrator.core.packing.online import ONLINE, pack_online
from orchestrator.core.packing.search import improve
from orchestrator.manifest.vectors import read_rows

HASH_SEEDS: Final = (1, 2, 3)
SHUFFLES: Final = range(1, 6)
AIM_PERCENT: Final = 1.0
MACHINES: Final = 10_000
LOOKS: Final = 50


def repeated(data: Path, progress: Callable[[str], None]) -> list[Row]:
    """The digests of several processes, and what shuffled orders change."""
    progress("packing: the same again")
    digests = {_in_a_process(data, seed) for seed in HASH_SEEDS}
    what = f"different reports of {len(HASH_SEEDS)} processes with other hash seeds, beyond one"
    rows = [Row(what, Spread((len(digests) - 1,)), "", 0)]
    progress("packing: shuffled")
    held = "openb on its own nodes, pods and nodes shuffled: change of CPU held"
    rows.append(_change(held, *_shuffled_openb(data / "openb")))
    bins = "2-D, items shuffled: change of the mean of `binpack`"
    rows.append(_change(bins, *_shuffled_instances(data / "vbp2")))
    return rows


def _change(what: str, plain: float, shuffled: list[float]) -> Row:
    changes = tuple(100 * abs(value / plain - 1) for value in shuffled)
    return Row(what, Spread(changes), "%", AIM_PERCENT, always=True)


def _in_a_process(data: Path, hash_seed: int) -> str:
    command = [sys.executable, "-m", "benchmarks.packing.determinism", str(data.resolve())]
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def _shuffled_openb(data: Path) -> tuple[float, list[float]]:
    pods, nodes = list(read_rows(data / "pods.csv")), read_nodes(data / "nodes.csv")
    found = []
    for seed in SHUFFLES:
        random = Random(seed)
        drawn = random.sample(pods, len(pods))
        found.append(openb.place_all(drawn, _renamed(nodes, random), "binpack").held)
    return openb.place_all(pods, nodes, "binpack").held, found


def _renamed(nodes: Capacities, random: Random) -> Capacities:
    """Ties go to the first by name: another order is other names."""
    return dict(zip(random.sample(sorted(nodes), len(nodes)), nodes.values(), strict=True))


def _shuffled_instances(folder: Path) -> tuple[float, list[float]]:
    known = list(instances(folder))

    def quality(seed: int | None) -> float:
        random = Random(seed)
        return mean(
            len(pack_online(instance, ONLINE["binpack"], _order(instance, seed, random))) / optimum
            for _, instance, optimum in known
        )

    return quality(None), [quality(seed) for seed in SHUFFLES]


def _order(instance: Instance, seed: int | None, random: Random) -> list[int] | None:
    return None if seed is None else random.sample(range(len(instance.items)), len(instance.items))


def report(data: Path) -> dict[str, Any]:
    """Placements of every kind, none of which is ended by a clock."""
    pods = list(read_rows(data / "openb" / "pods.csv"))
    nodes = read_nodes(data / "openb" / "nodes.csv")
    machines, _ = azure.fitting(data / "azure_v1" / "vms_dev_100k.csv")
    run = azure.simulate(machines[:MACHINES], 600, 100)
    return {
        "openb": dict(openb.fill(pods, cluster_of(nodes), "binpack")),
        "azure": [(step.time, step.nodes) for step in run.steps],
        "moves": [machine.name for machine in run.moves],
        "batch": pack_batch(replica_heavy(1)),
        "search": [_searched(instance) for _, instance, _ in instances(data / "vbp2")],
    }


def _searched(instance: Instance) -> Any:
    looks: Iterator[int] = iter(range(LOOKS))
    packing = pack_online(instance, ONLINE["binpack"])
    return improve(instance, packing, Random(1), lambda: next(looks, None) is not None)


if __name__ == "__main__":
    text = json.dumps(report(Path(sys.argv[1])))
    print(hashlib.sha256(text.encode()).hexdigest())
