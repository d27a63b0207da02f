"""How fast decisions are: 100,000 replicas on 10,000 nodes, in this process alone."""

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from benchmarks.report import Report, Row
from benchmarks.spread import Spread
from orchestrator.core.scheduling import Cluster, NodeRoom, Request, place, place_batch
from orchestrator.model.placement import TopologySpread

NODES: Final = 10_000
PER_SERVICE: Final = 100
SERVICES: Final = 1_000
DECISIONS: Final = 200
BATCH_AIM_S: Final = 1.0
ONE_AIM_MS: Final = 1.0
MIB: Final = 2**20


def run(runs: int, progress: Callable[[str], None]) -> Report:
    """Fill a cluster so many times, then decide on single replicas in the full one."""
    found: dict[str, list[float]] = defaultdict(list)
    for turn in range(runs):
        progress(f"placement {turn + 1}/{runs}")
        cluster = _cluster()
        begin = time.perf_counter()
        for number in range(SERVICES):
            batch = place_batch(_request(number), range(1, PER_SERVICE + 1), cluster)
            if batch.refusal:
                raise RuntimeError(batch.refusal.reason)
        found["batch"].append(time.perf_counter() - begin)
        found["one"].append(_one_ms(cluster))
    return _report({name: Spread(tuple(values)) for name, values in found.items()})


def _cluster() -> Cluster:
    rooms = (NodeRoom(f"n{i:05}", f"zone-{i % 3}", 16_000, 65_536 * MIB) for i in range(NODES))
    return Cluster({room.name: room for room in rooms})


def _request(number: int) -> Request:
    cpu, memory = 1_000 + number % 7 * 100, (number % 11 + 1) * 256 * MIB
    return Request(
        f"service-{number}", 1, cpu, memory, max_per_node=1, topology_spread=(TopologySpread(),)
    )


def _one_ms(cluster: Cluster) -> float:
    """Milliseconds for one more replica of a service that has its hundred."""
    begin = time.perf_counter()
    for number in range(DECISIONS):
        place(replace(_request(number), slot=PER_SERVICE + 1), cluster)
    return 1000 * (time.perf_counter() - begin) / DECISIONS


def _report(found: dict[str, Spread]) -> Report:
    rows = [
        Row("100,000 replicas on 10,000 nodes", found["batch"], "s", BATCH_AIM_S),
        Row("one more replica there", found["one"], "ms", ONE_AIM_MS),
    ]
    notes = [
        "1,000 services of 100 replicas, requests of 77 sizes, strategy `binpack`, at most one of "
        "a service on a node, zones of a service never more than one apart.",
        "The decision alone, without a controller: nothing is stored or started.",
    ]
    return Report("placement", "Placement: the decision", rows, notes)
