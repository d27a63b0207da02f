"""Node selectors and node affinity: conditions on the labels of nodes.

Source: kubernetes/pkg/scheduler/framework/plugins/nodeaffinity.
"""

from typing import Final

from orchestrator.core.scheduling.checks import Check, Reasons
from orchestrator.core.scheduling.cluster import Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request

SELECTOR: Final = "node(s) didn't match Pod's node affinity/selector"


def node_affinity(request: Request, _cluster: Cluster) -> Check | None:
    """Only nodes with all labels of the selector, that meet all required expressions."""
    wanted, required = request.node_selector.items(), request.affinity.required
    if not (wanted or required):
        return None

    def check(node: NodeRoom) -> Reasons:
        labels = node.labels
        met = wanted <= labels.items() and all(one.matches(labels.get(one.key)) for one in required)
        return () if met else (SELECTOR,)

    return check
