"""What a filter is.

A filter is prepared once for a request and then asked of nodes. One that the request does not use
prepares to None and costs nothing. The first that refuses a node gives the reasons.
"""

from collections.abc import Callable, Sequence

from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request

Reasons = tuple[str, ...]
Check = Callable[[NodeRoom], Reasons]
"""The reasons against a node, in kubectl's words; empty if there are none."""
Filter = Callable[[Request, Cluster], Check | None]


def prepared(filters: Sequence[Filter], request: Request, cluster: Cluster) -> tuple[Check, ...]:
    """The checks that a request needs."""
    checks = (one(request, cluster) for one in filters)
    return tuple(check for check in checks if check is not None)


def refusal(checks: Sequence[Check], node: NodeRoom) -> Reasons:
    """The reasons of the first check that refuses the node; empty if it may be used."""
    for check in checks:
        if reasons := check(node):
            return reasons
    return ()
