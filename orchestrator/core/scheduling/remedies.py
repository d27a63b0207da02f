"""What would make a replica fit that is short of room only: in words."""

from collections.abc import Sequence

from orchestrator.core.scheduling.cluster import NodeRoom
from orchestrator.core.scheduling.request import Request
from orchestrator.model.quantity import format_cpu, format_memory

Lack = tuple[tuple[str, int], ...]
"""By resource, how much more of it is needed; nothing of those that suffice."""


def remedy(request: Request, short: Sequence[NodeRoom]) -> str:
    """What those of the nodes lack that would do with least more of their capacity; and where
    none of them would do if it were empty, the smallest node that would."""
    said = _growth(request, short)
    if any(not _missing(request, node, empty=True) for node in short):
        return said
    return f"{said} A node with {_words(_asked(request))} would do.".lstrip()


def _growth(request: Request, short: Sequence[NodeRoom]) -> str:
    lacks = {node.name: _missing(request, node) for node in short}
    growing = [node for node in short if all(_has(node, name) for name, _ in lacks[node.name])]
    if not growing:
        return ""

    def growth(node: NodeRoom) -> tuple[float, float, str]:
        shares = [amount / _has(node, name) for name, amount in lacks[node.name]]
        return max(shares), sum(shares), node.name

    best = min(growing, key=growth)
    alike = sorted(one.name for one in growing if lacks[one.name] == lacks[best.name])
    more = f" and {len(alike) - 3} more" if len(alike) > 3 else ""
    where = f"one of: {', '.join(alike[:3])}{more}" if alike[1:] else alike[0]
    return f"It needs {_words(lacks[best.name], 'more ')} on {where}."


def _asked(request: Request) -> Lack:
    return ("cpu", request.cpu_millicores), ("memory", request.memory_bytes), *request.extended


def _missing(request: Request, node: NodeRoom, *, empty: bool = False) -> Lack:
    short = []
    for name, amount in _asked(request):
        lack = amount + (0 if empty else _used(node, name)) - _has(node, name)
        if lack > 0:
            short.append((name, lack))
    return tuple(short)


def _has(node: NodeRoom, name: str) -> int:
    match name:
        case "cpu":
            return node.cpu_millicores
        case "memory":
            return node.memory_bytes
    return node.extended.get(name, 0)


def _used(node: NodeRoom, name: str) -> int:
    match name:
        case "cpu":
            return node.cpu_used
        case "memory":
            return node.memory_used
    return node.extended_used.get(name, 0)


def _words(amounts: Lack, more: str = "") -> str:
    parts = [_amount(name, amount, more) for name, amount in amounts if amount]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if parts[1:] else "".join(parts)


def _amount(name: str, amount: int, more: str) -> str:
    match name:
        case "cpu":
            return f"{format_cpu(amount)} {more}CPU"
        case "memory":
            return f"{format_memory(amount)} {more}memory"
    return f"{amount} {more}{name}"
