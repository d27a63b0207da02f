"""Where a replica goes: filters say where it fits, a strategy ranks what is left."""

from orchestrator.core.scheduling.apart import keep_apart
from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.explaining import NodeVerdict, Unschedulable, explain
from orchestrator.core.scheduling.placing import Batch, find, place, place_batch, refusal_of
from orchestrator.core.scheduling.request import Request

__all__ = [
    "Batch",
    "Cluster",
    "NodeRoom",
    "NodeVerdict",
    "Request",
    "Unschedulable",
    "explain",
    "find",
    "keep_apart",
    "place",
    "place_batch",
    "refusal_of",
]
