"""What one replica asks of a node."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from orchestrator.model.placement import NodeAffinity, Toleration, TopologySpread
from orchestrator.model.spec import Extended, ServiceSpec

NO_AFFINITY: Final = NodeAffinity()


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
    topology_spread: tuple[TopologySpread, ...] = ()
    extended: Extended = ()
    affinity: NodeAffinity = NO_AFFINITY
    tolerations: tuple[Toleration, ...] = ()
    gang: bool = False
    """Whether a batch is placed as a whole or not at all."""

    @property
    def holds(self) -> tuple[int, int, Extended]:
        """What is reserved for it: millicores, bytes, other resources."""
        return self.cpu_millicores, self.memory_bytes, self.extended

    @classmethod
    def of(cls, spec: ServiceSpec, slot: int) -> "Request":
        """What a replica of a service asks for."""
        return cls(
            service=spec.name,
            slot=slot,
            cpu_millicores=spec.resources.request_cpu_millicores,
            memory_bytes=spec.resources.request_memory_bytes,
            node_selector=spec.placement.node_selector,
            policy=spec.placement.policy,
            seed=spec.placement.seed,
            max_per_node=spec.placement.max_per_node,
            topology_spread=spec.placement.topology_spread,
            extended=spec.resources.requests.extended,
            affinity=spec.placement.node_affinity,
            tolerations=spec.placement.tolerations,
            gang=spec.placement.gang,
        )
