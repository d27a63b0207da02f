"""What a user asks for: services and nodes.

One frozen pydantic model each, used for YAML validation, the API and the JSON Schema alike.
The parts of a service are in `model.sections`, the types of single values in `model.scalars`.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from orchestrator.model.errors import Fault, SpecError
from orchestrator.model.placement import Overcommit, PlacementSpec, Taint
from orchestrator.model.proxying import ProxySpec
from orchestrator.model.scalars import (
    MAX_REPLICAS,
    Capability,
    Count,
    Cpu,
    Duration,
    Env,
    Image,
    Labels,
    Memory,
    Name,
    Port,
    Priority,
    ResourceName,
    Text,
    Units,
)
from orchestrator.model.sections import (
    DEFAULT_REQUEST_CPU,
    DEFAULT_REQUEST_MEMORY,
    Backoff,
    BuildSpec,
    Extended,
    Probe,
    Probes,
    ProcessSpec,
    Resources,
    ResourceSpec,
    RestartSpec,
    SecuritySpec,
    Spec,
    extended,
)

__all__ = [
    "DEFAULT_REQUEST_CPU",
    "DEFAULT_REQUEST_MEMORY",
    "KINDS",
    "MAX_REPLICAS",
    "Backoff",
    "BuildSpec",
    "Capability",
    "Capacity",
    "Cpu",
    "Duration",
    "Extended",
    "Memory",
    "Name",
    "NodeSpec",
    "PlacementSpec",
    "Port",
    "Probe",
    "Probes",
    "ProcessSpec",
    "ProxySpec",
    "ResourceSpec",
    "Resources",
    "RestartSpec",
    "SecuritySpec",
    "ServiceSpec",
    "Spec",
    "Text",
]


def _folder_as_build(value: object) -> object:
    return {"context": value} if isinstance(value, str) else value


def _word_as_restart(value: object) -> object:
    return {"policy": value} if isinstance(value, str) else value


Build = Annotated[
    BuildSpec, BeforeValidator(_folder_as_build, json_schema_input_type=str | BuildSpec)
]
Restart = Annotated[
    RestartSpec,
    BeforeValidator(
        _word_as_restart,
        json_schema_input_type=Literal["always", "on-failure", "never"] | RestartSpec,
    ),
]


class ServiceSpec(Spec):
    """N replicas of one container image behind one address."""

    kind: Literal["Service"] = "Service"
    name: Name
    image: Image | None = Field(
        None, description="Container image. With build, NAME:latest by default."
    )
    build: Build | None = Field(
        None, description="Folder with a Dockerfile, built when missing or changed."
    )
    pull: Literal["missing", "never"] = Field(
        "missing", description="Whether a missing image is pulled."
    )
    command: tuple[Text, ...] | None = Field(
        None, min_length=1, description="argv. Default: the image's command."
    )
    port: Port | None = Field(
        None, description="The port the program listens on; also given to it as $PORT."
    )
    replicas: Count = Field(1, ge=0, le=MAX_REPLICAS, description="How many to keep running.")
    priority: Priority = Field(
        0, description="Where room is short, replicas of services with a lower one make way."
    )
    min_available: Count = Field(
        0, alias="minAvailable", ge=0, description="Ready replicas that preemption leaves it."
    )
    env: Env = Field(default_factory=dict, description="Environment variables.")
    resources: ResourceSpec = ResourceSpec()
    probes: Probes = Probes()
    restart: Restart = RestartSpec()
    stop_grace_period_s: Duration | None = Field(
        None, alias="stopGracePeriod", description="From SIGTERM to SIGKILL."
    )
    placement: PlacementSpec = PlacementSpec()
    proxy: ProxySpec | None = None
    process: ProcessSpec | None = None
    security: SecuritySpec = SecuritySpec()

    @model_validator(mode="after")
    def _is_runnable(self) -> Self:
        faults = []
        if self.image is None and self.command is None and self.build is None:
            faults.append(Fault("nothing to run", "give an image, a build folder or a command"))
        if self.port is None and (reason := self._needs_port()):
            faults.append(
                Fault(f"is missing: {reason} needs it", "add one, e.g. port: 8000", "port")
            )
        if faults:
            raise SpecError(*faults)
        return self

    def _needs_port(self) -> str:
        if self.proxy is not None:
            return "proxy"
        for name in ("startup", "readiness", "liveness"):
            probe: Probe | None = getattr(self.probes, name)
            if probe is not None and probe.exec is None and probe.port is None:
                return f"probes.{name}"
        return ""


class Capacity(Spec):
    """What a node has: CPU, memory, and how many of any other resource it names (`gpu: 2`)."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[ResourceName, Units] = Field(init=False)

    cpu_millicores: Cpu = Field(alias="cpu", gt=0)
    memory_bytes: Memory = Field(alias="memory", gt=0)

    @property
    def extended(self) -> Extended:
        """The other resources and how many of each, by name."""
        return extended(self.model_extra)


class NodeSpec(Spec):
    """One server of the simulated cluster: a share of this machine."""

    kind: Literal["Node"] = "Node"
    name: Name
    capacity: Capacity
    zone: Name = Field("default", description="What fails together: a rack, a data centre.")
    labels: Labels = Field(default_factory=dict, description="Matched by placement.nodeSelector.")
    taints: tuple[Taint, ...] = Field((), description="What keeps replicas off this node.")
    overcommit: Overcommit = Overcommit()

    @property
    def reservable_cpu_millicores(self) -> int:
        """What requests may sum up to."""
        return max(1, int(self.capacity.cpu_millicores * self.overcommit.cpu))

    @property
    def reservable_memory_bytes(self) -> int:
        """What requests may sum up to."""
        return max(1, int(self.capacity.memory_bytes * self.overcommit.memory))


KINDS: Final[dict[str, type[ServiceSpec] | type[NodeSpec]]] = {
    "Service": ServiceSpec,
    "Node": NodeSpec,
}
