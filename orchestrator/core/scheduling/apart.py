"""What may not share a node, a zone or the value of a label: services by anti-affinity, and
services that need the same port of a node.

Both sides keep it, as in Kubernetes: whoever comes second goes elsewhere.
Source: kubernetes/pkg/scheduler/framework/plugins/{interpodaffinity,nodeports}.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from orchestrator.core.scheduling.checks import Check, Reasons
from orchestrator.core.scheduling.cluster import NODE, Apart, Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request
from orchestrator.model.spec import ServiceSpec
from orchestrator.model.state import Service

OWN: Final = "node(s) didn't match pod anti-affinity rules"
THEIRS: Final = "node(s) didn't satisfy existing pods anti-affinity rules"
PORTS: Final = "node(s) didn't have free ports for the requested pod ports"


def keep_apart(cluster: Cluster, services: Mapping[str, Service]) -> None:
    """Let the cluster know the rules among these services, if it does not know them already."""
    if cluster.rules_from is not services:
        cluster.keep_apart(rules_among(one.spec for one in services.values()))
        cluster.rules_from = services


def rules_among(specs: Iterable[ServiceSpec]) -> Mapping[str, tuple[Apart, ...]]:
    """By service, what its replicas keep away from. Services without rules are left out."""
    found: dict[str, dict[Apart, None]] = {}
    users: dict[int, list[str]] = {}
    for spec in specs:
        for rule in spec.placement.anti_affinity:
            other, key = rule.service or spec.name, rule.topology_key
            found.setdefault(spec.name, {})[Apart(other, key, OWN)] = None
            if other != spec.name:
                found.setdefault(other, {})[Apart(spec.name, key, THEIRS)] = None
        for port in spec.placement.host_ports:
            users.setdefault(port, []).append(spec.name)
    for names in users.values():
        for name in names:
            found.setdefault(name, {}).update((Apart(other, NODE, PORTS), None) for other in names)
    return {name: tuple(rules) for name, rules in found.items()}


def apart_on_nodes(request: Request, cluster: Cluster) -> Check | None:
    """Only nodes that hold nothing they may not be shared with."""
    return _check([rule for rule in cluster.apart(request.service) if rule.key == NODE], cluster)


def apart_in_domains(request: Request, cluster: Cluster) -> Check | None:
    """Only nodes of zones, or with a value of a label, that hold nothing of that kind."""
    return _check([rule for rule in cluster.apart(request.service) if rule.key != NODE], cluster)


def _check(rules: Sequence[Apart], cluster: Cluster) -> Check | None:
    if not rules:
        return None

    def check(node: NodeRoom) -> Reasons:
        for service, key, reason in rules:
            value = node.domain(key)
            if value is not None and cluster.in_domain(key, value, service):
                return (reason,)
        return ()

    return check
