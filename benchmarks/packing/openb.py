"""A production cluster's pods on its own nodes: who finds room, and when the first one does not."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.packing.ledger import Entry, Ledger
from benchmarks.packing.traces import Capacities, cluster_of, read_nodes, request_of
from benchmarks.report import Comparison, Row
from benchmarks.spread import Spread
from orchestrator.core.packing.trace import TraceRow
from orchestrator.core.scheduling import Cluster, find
from orchestrator.manifest.vectors import read_rows

HELD_AIM: Final = 1.022
LOAD_AIM: Final = 98.3
INFLATION: Final = 1.3
SEEDS: Final = range(1, 6)
POLICIES: Final = ("binpack", "nomad", "first-fit", "least-allocated")
INFLATED: Final = ("binpack", "nomad", "first-fit", "least-allocated")


def real_nodes(data: Path, progress: Callable[[str], None]) -> tuple[list[Row], list[Comparison]]:
    """All pods in the order of the file, then pods drawn at random until one fails."""
    pods, nodes = list(read_rows(data / "pods.csv")), read_nodes(data / "nodes.csv")
    lines: list[tuple[str, ...]] = []
    placed = {}
    for policy in POLICIES:
        progress(f"openb on its own nodes: {policy}")
        found = placed[policy] = place_all(pods, nodes, policy)
        lines.append((policy, str(found.unplaced), f"{found.held:.4f}"))
    loads = {policy: _loads(pods, nodes, policy, progress) for policy in INFLATED}
    drawn: list[tuple[str, ...]] = [
        (policy, f"{found.median:.2f}", f"{found.low:.2f}", f"{found.high:.2f}")
        for policy, found in loads.items()
    ]
    best = placed["binpack"]
    values = {policy: asdict(found) for policy, found in placed.items()}
    what = f"openb, {len(pods)} pods on their {len(nodes)} nodes, `binpack`"
    rows = [
        Row(f"{what}: unplaced", Spread((best.unplaced,)), "", 0),
        Row(f"{what}: CPU of nodes in use over CPU asked for, −1",
            Spread((100 * (best.held - 1),)), "%", round(100 * (HELD_AIM - 1), 6)),
        Row("openb, inflated to 130%: CPU not in use when the first pod fails",
            Spread(tuple(100 - load for load in loads["binpack"].values)), "%",
            round(100 - LOAD_AIM, 6)),
    ]  # fmt: skip
    tables = [
        Comparison("openb on its own nodes: all pods in the order of the file",
                   ("strategy", "unplaced", "CPU held / CPU placed"), lines, values),
        Comparison("openb inflated to 130%: load in % of the CPU at the first pod that fails",
                   ("strategy", "median", "least", "most"), drawn,
                   {policy: list(found.values) for policy, found in loads.items()}),
    ]  # fmt: skip
    return rows, tables


@dataclass(frozen=True, slots=True)
class Placed:
    """Pods without a node, and the CPU of the nodes in use over that of the pods placed."""

    unplaced: int
    held: float


def place_all(pods: list[TraceRow], nodes: Capacities, policy: str) -> Placed:
    """One pod after the other. Judged."""
    cluster = cluster_of(nodes)
    placed = dict(fill(pods, cluster, policy))
    judge([pod for pod in pods if pod.name in placed], nodes, placed)
    asked = sum(pod.cpu_millicores for pod in pods if pod.name in placed)
    held = sum(nodes[name][0] for name in set(placed.values()))
    return Placed(len(pods) - len(placed), held / asked)


def fill(
    pods: Iterable[TraceRow], cluster: Cluster, policy: str, *, until_full: bool = False
) -> Iterator[tuple[str, str]]:
    """The name and node of every pod that finds one. `until_full`: stop at one that does not."""
    for pod in pods:
        request = request_of(pod, policy)
        node = find(request, cluster)
        if node is not None:
            cluster.add(node, pod.name, request.cpu_millicores, request.memory_bytes)
            yield pod.name, node
        elif until_full:
            return


def judge(pods: Iterable[TraceRow], nodes: Capacities, placed: dict[str, str]) -> None:
    """Raises WrongPlacementError if a placement is none."""
    known = list(pods)
    ledger = Ledger(nodes, known)
    for _ in ledger.follow(Entry(pod.arrival, pod.name, placed[pod.name]) for pod in known):
        pass


def _loads(
    pods: list[TraceRow], nodes: Capacities, policy: str, progress: Callable[[str], None]
) -> Spread:
    """Percent of the CPU asked for when the first pod fails, by seed."""
    found = []
    whole = sum(cpu for cpu, _ in nodes.values())
    for seed in SEEDS:
        progress(f"openb inflated: {policy}, seed {seed}")
        drawn = inflated(pods, whole, Random(seed))
        placed = dict(fill(drawn, cluster_of(nodes), policy, until_full=True))
        there = drawn[: len(placed)]
        judge(there, nodes, placed)
        found.append(100 * sum(pod.cpu_millicores for pod in there) / whole)
    return Spread(tuple(found))


def inflated(pods: list[TraceRow], whole: int, random: Random) -> list[TraceRow]:
    """Pods drawn from the trace with replacement until they ask for 130% of the CPU there is.

    Source: Weng et al.: Beware of Fragmentation, USENIX ATC 2023, section 6 (there by GPU).
    """
    drawn: list[TraceRow] = []
    asked = 0
    while asked < INFLATION * whole:
        pod = random.choice(pods)
        name = f"{pod.name}-{len(drawn)}"
        drawn.append(TraceRow(name, pod.cpu_millicores, pod.memory_mib, pod.arrival, pod.departure))
        asked += pod.cpu_millicores
    return drawn
