"""Taints: what keeps replicas off a node, unless their service tolerates it.

Source: kubernetes/pkg/scheduler/framework/plugins/tainttoleration.
"""

from collections.abc import Iterable, Iterator

from orchestrator.core.scheduling.checks import Check, Reasons
from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request
from orchestrator.model.placement import Taint, Toleration


def taints(request: Request, cluster: Cluster) -> Check | None:
    """Only nodes whose NoSchedule and NoExecute taints the service tolerates."""
    if not cluster.tainted:
        return None

    def check(node: NodeRoom) -> Reasons:
        for taint in untolerated(node.taints, request.tolerations):
            if taint.effect != "PreferNoSchedule":
                return (f"node(s) had untolerated taint {taint}",)
        return ()

    return check


def untolerated(found: Iterable[Taint], tolerations: Iterable[Toleration]) -> Iterator[Taint]:
    """The taints that none of the tolerations covers."""
    for taint in found:
        if not any(one.covers(taint) for one in tolerations):
            yield taint
