"""Defragmentation: moves of replicas that set whole nodes free.

`tenants` says which replicas may be moved, `planning` which of them to move where.
"""

from orchestrator.core.rebalancing.planning import Move, Tenant, plan_moves
from orchestrator.core.rebalancing.tenants import tenants_of

__all__ = ["Move", "Tenant", "plan_moves", "tenants_of"]
