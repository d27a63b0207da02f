"""Defragmentation: moves of replicas that set whole nodes free.

`tenants` says which replicas may be moved, `planning` which of them to move where, `progress` how
far a move has come; `rebalance` is the whole decision.
"""

from orchestrator.core.rebalancing.planning import Move, Tenant, plan_moves
from orchestrator.core.rebalancing.progress import Progress, progress_of
from orchestrator.core.rebalancing.rebalance import Rebalancing, rebalance
from orchestrator.core.rebalancing.tenants import tenants_of

__all__ = [
    "Move",
    "Progress",
    "Rebalancing",
    "Tenant",
    "plan_moves",
    "progress_of",
    "rebalance",
    "tenants_of",
]
