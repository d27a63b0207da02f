"""A preview as plain text, in Terraform's manner: `+` added, `~` changed, `-` destroyed.

A line that counts has its symbol as the first character that is not a space. Nothing here is
coloured or marked up.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from orchestrator.core.preview import Change, NodeUsage, Preview
from orchestrator.model.plan import Pending
from orchestrator.model.quantity import format_cpu, format_memory

BAR_CELLS: Final = 20
FULL, EMPTY = "█", "░"
MIB: Final = 2**20


def render(preview: Preview) -> str:
    """The whole plan, ending in its summary; no line end at the end."""
    return "\n".join(_lines(preview))


def summary(preview: Preview) -> str:
    """`Plan: 3 to add, 1 to change, 0 to destroy.`"""
    if not preview.changes:
        rest = "" if preview.paused else " What runs is what the manifests want."
        return f"No changes.{rest}"
    counts = f"{preview.add} to add, {preview.change} to change, {preview.destroy} to destroy"
    return f"Plan: {counts}."


def _lines(preview: Preview) -> Iterator[str]:
    for title, changes in (
        ("Nodes", preview.nodes),
        ("Services", preview.services),
        ("Replicas", preview.replicas),
    ):
        if changes:
            yield f"{title}:"
            for change in changes:
                yield from _change(change)
            yield ""
    if preview.replicas or preview.pending:
        yield from _scheduler(preview)
        yield ""
    if preview.paused:
        yield from preview.paused
        yield ""
    yield summary(preview)


def _change(change: Change) -> Iterator[str]:
    yield f"  {change.symbol} {change.text}"
    for field in change.fields:
        yield f"      {field}"


def _scheduler(preview: Preview) -> Iterator[str]:
    yield "Scheduler:"
    width = max((len(usage.node) for usage in preview.usage), default=0)
    for usage in preview.usage:
        yield from _usage(usage, width)
    if not preview.pending:
        yield "  Every replica has a node."
    yield from _pending(preview.pending)


def _pending(pending: Iterable[Pending]) -> Iterator[str]:
    """One line for all slots of a service that lack a node for the same reason."""
    alike = groupby(pending, key=lambda one: (one.key.service, one.reason))
    for (_, reason), group in alike:
        names = [one.key.name for one in group]
        several = f" to {names[-1]} ({len(names)} replicas)" if len(names) > 1 else ""
        yield f"  Pending {names[0]}{several}: {reason}"


def _usage(usage: NodeUsage, width: int) -> Iterator[str]:
    cpu = f"{format_cpu(usage.cpu_after)} of {format_cpu(usage.cpu_millicores)}"
    memory = f"{_memory(usage.memory_after)} of {_memory(usage.memory_bytes)}"
    bars = _bars(usage.cpu_before, usage.cpu_after, usage.cpu_millicores)
    yield f"  {usage.node:<{width}}  cpu     {bars}  {cpu}"
    bars = _bars(usage.memory_before, usage.memory_after, usage.memory_bytes)
    yield f"  {'':<{width}}  memory  {bars}  {memory}{_stranded(usage)}"


def _bars(before: int, after: int, capacity: int) -> str:
    return f"{_bar(before, capacity)} -> {_bar(after, capacity)}"


def _bar(used: int, capacity: int) -> str:
    """A node that shrank may hold more than it has: its bar is full, its figure tells."""
    cells = min(BAR_CELLS, -(-BAR_CELLS * used // capacity))
    return f"{FULL * cells}{EMPTY * (BAR_CELLS - cells)} {100 * used // capacity:>3}%"


def _stranded(usage: NodeUsage) -> str:
    """What is free of one resource while the other is used up."""
    cpu, memory = usage.cpu_millicores - usage.cpu_after, usage.memory_bytes - usage.memory_after
    if cpu <= 0 < memory:
        return f", {_memory(memory)} stranded"
    if memory <= 0 < cpu:
        return f", cpu {format_cpu(cpu)} stranded"
    return ""


def _memory(memory_bytes: int) -> str:
    """Whole Mi where that loses nothing worth showing: `7812Mi`, not `8191737856`."""
    if memory_bytes >= MIB:
        return format_memory(memory_bytes // MIB * MIB)
    return format_memory(memory_bytes)
