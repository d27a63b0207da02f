"""Strategies of steps, as on Amazon ECS: the first step that tells two nodes apart decides.

`spread(zone)`: fewest replicas of the service in the zone; of the node, or the label's value, with
another topology key. `binpack(cpu)`, `binpack(memory)`: least of it left.
Source: docs.aws.amazon.com/AmazonECS, task placement strategies.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import dropwhile, takewhile
from typing import NamedTuple

from orchestrator.core.scheduling.cluster import NODE, Cluster, NodeRoom
from orchestrator.core.scheduling.request import Request
from orchestrator.model.scalars import WELL_KNOWN_KEYS


class Step(NamedTuple):
    """`spread` or `binpack`, and of what."""

    kind: str
    field: str

    @property
    def shared(self) -> bool:
        """Whether nodes of one domain always have the same value."""
        return self.kind == "spread" and self.field != NODE


@lru_cache(maxsize=256)
def steps_of(policy: str) -> tuple[Step, ...]:
    """The steps that a chain is written as; none of a strategy with a name."""
    return tuple(_steps(policy)) if policy.endswith(")") else ()


def _steps(policy: str) -> Iterator[Step]:
    for text in policy.split(", "):
        kind, _, field = text.removesuffix(")").partition("(")
        yield Step(kind, WELL_KNOWN_KEYS.get(field, field))


def leading_keys(policy: str) -> tuple[str, ...]:
    """The topology keys of the steps before the first that looks at the node alone."""
    return tuple(step.field for step in takewhile(lambda step: step.shared, steps_of(policy)))


def mixes(policy: str) -> bool:
    """Whether domains are compared after nodes: then a replica may change the order anywhere."""
    later = dropwhile(lambda step: step.shared, steps_of(policy))
    return any(step.shared for step in later)


def value_of(step: Step, request: Request, node: NodeRoom, cluster: Cluster) -> float:
    """How the step sees the node: smaller is better."""
    if step.kind == "spread":
        value = node.domain(step.field)
        if value is None:
            return float("inf")
        return cluster.in_domain(step.field, value, request.service)
    if step.field == "cpu":
        return node.cpu_millicores - node.cpu_used - request.cpu_millicores
    return node.memory_bytes - node.memory_used - request.memory_bytes
