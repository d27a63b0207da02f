"""What one replica asks of a node."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.model.spec import ServiceSpec


@dataclass(frozen=True, slots=True)
class Request:
    """What one replica asks for. `slot` and `seed` matter to the random strategy only."""

    service: str
    slot: int
    cpu_millicores: int
    memory_bytes: int
    node_selector: Mapping[str, str] = field(default_factory=dict)
    policy: str = "binpack"
    seed: int = 0
    max_per_node: int | None = None
    max_zone_skew: int | None = None

    @classmethod
    def of(cls, spec: ServiceSpec, slot: int) -> "Request":
        """What a replica of a service asks for."""
        even = spec.placement.topology_spread
        return cls(
            service=spec.name,
            slot=slot,
            cpu_millicores=spec.resources.request_cpu_millicores,
            memory_bytes=spec.resources.request_memory_bytes,
            node_selector=spec.placement.node_selector,
            policy=spec.placement.policy,
            seed=spec.placement.seed,
            max_per_node=spec.placement.max_per_node,
            max_zone_skew=even.max_skew if even else None,
        )
