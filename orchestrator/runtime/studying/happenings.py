"""What happens in a run, in order of time: arrivals, departures, what the study sets, and what
chance brings."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from orchestrator.core.packing.trace import TraceRow
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.study import FaultsSpec, HappeningSpec

__all__ = [
    "Arrive",
    "Depart",
    "Happening",
    "Lose",
    "Restore",
    "of_chance",
    "of_study",
    "of_trace",
    "services",
]

MIB = 2**20


@dataclass(frozen=True, slots=True)
class Arrive:
    """A service begins to be wanted."""

    spec: ServiceSpec


@dataclass(frozen=True, slots=True)
class Depart:
    """A service is wanted no more."""

    service: str


@dataclass(frozen=True, slots=True)
class Lose:
    """A node goes with all that it runs."""

    node: str


@dataclass(frozen=True, slots=True)
class Restore:
    """It is back, empty."""

    node: str


Happening = tuple[float, Arrive | Depart | Lose | Restore | HappeningSpec]
"""The virtual second, and what."""


def of_trace(rows: Iterable[TraceRow], strategy: str, until_s: float) -> Iterator[Happening]:
    """A service of one replica for each row, from its arrival to its departure."""
    for row in rows:
        if row.arrival < until_s:
            yield row.arrival, Arrive(_service(row, strategy))
            if row.departure is not None and row.departure < until_s:
                yield row.departure, Depart(row.name)


def of_chance(
    faults: FaultsSpec, nodes: Sequence[NodeSpec], until_s: float, random: Random
) -> Iterator[Happening]:
    """Each node is lost after exponentially distributed times, and back after the outage."""
    if faults.node_mean_life_s is None:
        return
    for node in nodes:
        at = random.expovariate(1 / faults.node_mean_life_s)
        while at < until_s:
            yield at, Lose(node.name)
            back = at + faults.node_outage_s
            if back < until_s:
                yield back, Restore(node.name)
            at = back + random.expovariate(1 / faults.node_mean_life_s)


def of_study(those: Iterable[HappeningSpec], until_s: float) -> Iterator[Happening]:
    """What the study sets, as often as it says."""
    for each in those:
        at = each.at_s
        while at <= until_s:
            yield at, each
            at += each.every_s or math.inf


def services(specs: Iterable[ServiceSpec], strategy: str) -> Iterator[ServiceSpec]:
    """The services as they run in a study: placed by the strategy ("": by their own), without a
    proxy, for no requests come."""
    for spec in specs:
        placement = spec.placement
        if strategy:
            placement = placement.model_copy(update={"strategy": strategy})
        yield spec.model_copy(update={"placement": placement, "proxy": None})


def _service(row: TraceRow, strategy: str) -> ServiceSpec:
    requests = {"cpu": f"{row.cpu_millicores}m", "memory": row.memory_mib * MIB}
    return ServiceSpec.model_validate(
        {
            "name": row.name,
            "image": "trace",
            "resources": {"requests": requests},
            "placement": {"strategy": strategy or "binpack"},
        }
    )
