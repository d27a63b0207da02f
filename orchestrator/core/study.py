"""What a study measures: looks at a cluster at even intervals, and the figures made of them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from orchestrator.core.packing.metrics import most_needed
from orchestrator.model.state import Node, Phase, Replica

__all__ = ["Figures", "Look", "Presence", "figures", "look", "nines", "thinned"]

MOST_NINES: Final = 9.0


@dataclass(frozen=True, slots=True)
class Look:
    """A cluster at one moment. `bound`: no placement of what is held needs fewer nodes, by
    volume. Shares are of the capacity of the nodes in use, from 0 to 1."""

    at_s: float
    wanted: int
    ready: int
    pending: int
    nodes: int
    bound: int
    cpu_share: float
    memory_share: float


@dataclass(slots=True)
class Presence:
    """How often a service was there, in looks since it was first completely ready: how many, how
    many of them with a ready replica, and replicas wanted and ready summed over them."""

    began: bool = False
    looks: int = 0
    up: int = 0
    wanted: int = 0
    ready: int = 0

    def count(self, wanted: int, ready: int) -> None:
        """One more look. Its start-up does not count, nor what nobody wants."""
        self.began = self.began or ready >= wanted > 0
        if self.began and wanted:
            self.looks += 1
            self.up += ready > 0
            self.wanted += wanted
            self.ready += min(ready, wanted)

    @property
    def available(self) -> float:
        """Share of the time with at least one ready replica."""
        return self.up / self.looks if self.looks else 1.0

    @property
    def complete(self) -> float:
        """Share of the wanted replicas that were ready, on average."""
        return self.ready / self.wanted if self.wanted else 1.0


def look(
    at_s: float,
    replicas: Iterable[Replica],
    wanted: Mapping[str, int],
    pending: int,
    nodes: Mapping[str, Node],
    presence: Mapping[str, Presence],
) -> Look:
    """What is now; each service's presence counts it. `wanted`: replicas by service."""
    ready = dict.fromkeys(wanted, 0)
    used: set[str] = set()
    cpu = memory = 0
    for replica in replicas:
        if replica.phase is Phase.EXITED:
            continue
        if replica.node in nodes:
            used.add(replica.node)
            cpu, memory = cpu + replica.cpu_millicores, memory + replica.memory_bytes
        if replica.ready and replica.id.service in ready:
            ready[replica.id.service] += 1
    for name, there in ready.items():
        presence[name].count(wanted[name], there)
    capacities = [node.spec.capacity for node in nodes.values()]
    held = [nodes[name].spec.capacity for name in used]
    rooms = [(each.cpu_millicores, each.memory_bytes) for each in capacities]
    return Look(
        at_s=at_s,
        wanted=sum(wanted.values()),
        ready=sum(ready.values()),
        pending=pending,
        nodes=len(used),
        bound=most_needed((cpu, memory), rooms),
        cpu_share=cpu / max(1, sum(each.cpu_millicores for each in held)),
        memory_share=memory / max(1, sum(each.memory_bytes for each in held)),
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """One run in numbers. Means are over time; `ratio` is the mean of the nodes in use over that
    of the bound; `availability` and `completeness` are of all services, by their looks and by
    their replicas."""

    nodes_mean: float
    nodes_peak: int
    bound_mean: float
    ratio: float
    cpu_share: float
    memory_share: float
    ready_share: float
    pending_peak: int
    availability: float
    completeness: float
    services: Mapping[str, Presence] = field(default_factory=dict)


def figures(looks: Sequence[Look], presence: Mapping[str, Presence]) -> Figures:
    """The figures of a run. Utilization counts where something runs."""
    busy = [each for each in looks if each.nodes]
    bound = _mean([each.bound for each in looks])
    nodes = _mean([each.nodes for each in looks])
    wanted = sum(each.wanted for each in looks)
    seen = sum(each.looks for each in presence.values())
    asked = sum(each.wanted for each in presence.values())
    return Figures(
        nodes_mean=nodes,
        nodes_peak=max((each.nodes for each in looks), default=0),
        bound_mean=bound,
        ratio=nodes / bound if bound else 1.0,
        cpu_share=_mean([each.cpu_share for each in busy]),
        memory_share=_mean([each.memory_share for each in busy]),
        ready_share=sum(each.ready for each in looks) / wanted if wanted else 1.0,
        pending_peak=max((each.pending for each in looks), default=0),
        availability=sum(each.up for each in presence.values()) / seen if seen else 1.0,
        completeness=sum(each.ready for each in presence.values()) / asked if asked else 1.0,
        services=presence,
    )


def nines(availability: float) -> float:
    """0.999 is three nines: −log₁₀(1 − a); what never failed shows as nine."""
    missing = 1 - availability
    return MOST_NINES if missing <= 10**-MOST_NINES else abs(-math.log10(missing))


def thinned(looks: Sequence[Look], most: int) -> tuple[Look, ...]:
    """At most so many looks, evenly spaced, the last one among them."""
    step = max(1, -(-len(looks) // most))
    return tuple(reversed(looks[::-1][::step]))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
