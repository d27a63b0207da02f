"""Who is close to a limit, told before it is reached, and when that is news."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orchestrator.model.quantity import format_cpu, format_memory
from orchestrator.model.spec import NodeSpec, ServiceSpec

NEAR: Final = 0.9
"""From this share of a limit on something is close to it,"""
CALM: Final = 0.8
"""and below this one no more: what swings around one of them is one episode."""
HOLD_S: Final = 10.0
"""How long either has to last to count: a peak is no news."""

_MIB: Final = 2**20


@dataclass(frozen=True, slots=True)
class Use:
    """What one replica uses. CPU None: not measured yet."""

    cpu_millicores: float | None
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Load:
    """How much of one limit is in use: `share` 1.0 is all of it. `text` says it in a sentence."""

    key: str
    """Of one limit of one thing: `service/web cpu`."""
    share: float
    text: str


@dataclass(frozen=True, slots=True)
class Watch:
    """One limit over time. `since`: when the share went to the other side, if it is there."""

    near: bool = False
    since: float | None = None


def observe(watch: Watch, share: float, now: float) -> Watch:
    """`watch` after one more measurement; `near` turns once the other side has held `HOLD_S`."""
    crossed = share < CALM if watch.near else share >= NEAR
    if not crossed:
        return Watch(watch.near)
    since = now if watch.since is None else watch.since
    return Watch(not watch.near) if now - since >= HOLD_S else Watch(watch.near, since)


def service_loads(
    spec: ServiceSpec, uses: Mapping[str, Use], in_flight: int, slots: int
) -> Iterator[Load]:
    """Of each limit that the service has and that was measured. `uses` by name of replica, `slots`
    how many requests the proxy lets through at a time (0: no bound).

    CPU is the mean of its replicas, among which requests are balanced; memory is the one that has
    the least left, for it is killed alone.
    """
    limits = spec.resources.limits
    cpus = [use.cpu_millicores for use in uses.values() if use.cpu_millicores is not None]
    if limits.cpu_millicores and cpus:
        mean = sum(cpus) / len(cpus)
        of = f"{format_cpu(round(mean))} of {format_cpu(limits.cpu_millicores)} a replica"
        yield _load("service", spec.name, "cpu", mean / limits.cpu_millicores, "CPU limit", of)
    if limits.memory_bytes and uses:
        name, most = max(uses.items(), key=lambda item: item[1].memory_bytes)
        of = f"{_mib(most.memory_bytes)} of {_mib(limits.memory_bytes)} in {name}"
        share = most.memory_bytes / limits.memory_bytes
        yield _load("service", spec.name, "memory", share, "memory limit", of)
    if slots:
        of = f"{in_flight} of {slots} requests at a time"
        yield _load("service", spec.name, "concurrency", in_flight / slots, "concurrency", of)


def node_loads(spec: NodeSpec, uses: Mapping[str, Use]) -> Iterator[Load]:
    """Of a node's capacity, by what its replicas use (not by what they reserve)."""
    capacity = spec.capacity
    cpu = sum(use.cpu_millicores or 0 for use in uses.values())
    of = f"{format_cpu(round(cpu))} of {format_cpu(capacity.cpu_millicores)}"
    yield _load("node", spec.name, "cpu", cpu / capacity.cpu_millicores, "CPU", of)
    memory = sum(use.memory_bytes for use in uses.values())
    of = f"{_mib(memory)} of {_mib(capacity.memory_bytes)}"
    yield _load("node", spec.name, "memory", memory / capacity.memory_bytes, "memory", of)


def _load(kind: str, name: str, resource: str, share: float, what: str, of: str) -> Load:
    text = f"{name} uses {100 * share:.0f}% of its {what} ({of})"
    return Load(f"{kind}/{name} {resource}", share, text)


def _mib(memory_bytes: int) -> str:
    return format_memory(memory_bytes // _MIB * _MIB) if memory_bytes >= _MIB else "0"
