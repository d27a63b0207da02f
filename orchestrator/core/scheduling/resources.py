"""CPU, memory and other resources: whether a node has enough of them left."""

from typing import Final

from orchestrator.core.scheduling.checks import Check, Reasons
from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request

SHORT: Final = "Insufficient "
CPU: Final = f"{SHORT}cpu"
MEMORY: Final = f"{SHORT}memory"


def resources(request: Request, _cluster: Cluster) -> Check:
    """Only nodes with all of it left. What is short is told together, as kubectl does."""
    usual, others = _cpu_and_memory(request), _extended(request)
    return (lambda node: usual(node) + others(node)) if others else usual


def _cpu_and_memory(request: Request) -> Check:
    cpu, memory = request.cpu_millicores, request.memory_bytes

    def check(node: NodeRoom) -> Reasons:
        short_of_cpu = node.cpu_used + cpu > node.cpu_millicores
        short_of_memory = node.memory_used + memory > node.memory_bytes
        if not (short_of_cpu or short_of_memory):
            return ()
        return (CPU,) * short_of_cpu + (MEMORY,) * short_of_memory

    return check


def _extended(request: Request) -> Check | None:
    wanted = [(name, amount) for name, amount in request.extended if amount]
    if not wanted:
        return None

    def check(node: NodeRoom) -> Reasons:
        used, has = node.extended_used, node.extended
        return tuple(
            SHORT + name for name, amount in wanted if used.get(name, 0) + amount > has.get(name, 0)
        )

    return check
