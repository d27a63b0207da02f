"""What a user asks for: services and nodes.

One frozen pydantic model each, used for YAML validation, the API and the JSON Schema alike.
Field aliases are the manifest's spelling; attribute names carry the unit.
A duration that is None is filled in from the timing profile (`model.timing`).
"""

import re
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from orchestrator.model.names import NAME_PATTERN, NAME_RULE, is_env_name, is_name
from orchestrator.model.quantity import (
    format_cpu,
    format_duration,
    format_memory,
    parse_cpu,
    parse_duration,
    parse_memory,
)

DEFAULT_REQUEST_CPU: Final = 100
DEFAULT_REQUEST_MEMORY: Final = 64 * 2**20
MAX_REPLICAS: Final = 100_000


def _checked_name(text: str) -> str:
    if not is_name(text):
        raise ValueError(f"{text!r} is no valid name: use {NAME_RULE}")
    return text


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("contains a NUL byte")
    return text


Name = Annotated[
    str,
    AfterValidator(_checked_name),
    WithJsonSchema({"type": "string", "pattern": f"^{NAME_PATTERN}$", "maxLength": 63}),
]
Text = Annotated[str, AfterValidator(_no_nul)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Count = Annotated[int, Field(strict=True)]
Cpu = Annotated[
    int,
    BeforeValidator(parse_cpu),
    PlainSerializer(format_cpu, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}],
            "description": 'Cores or millicores: 2, 0.5, "250m".',
        }
    ),
]
Memory = Annotated[
    int,
    BeforeValidator(parse_memory),
    PlainSerializer(format_memory, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}],
            "description": 'Bytes with a unit: "64Mi", "1Gi", "200M".',
        }
    ),
]
Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}],
            "description": 'Seconds, or a text such as "500ms", "2s", "1m30s".',
        }
    ),
]


class Spec(BaseModel):
    """Base: frozen, unknown keys refused, written and read with the manifest's spelling."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True
    )


class Resources(Spec):
    """An amount of CPU and memory."""

    cpu_millicores: Cpu | None = Field(None, alias="cpu")
    memory_bytes: Memory | None = Field(None, alias="memory")


class ResourceSpec(Spec):
    """`requests` are reserved on the node when placing, `limits` are enforced by the engine.

    As in Kubernetes a missing request is the limit, where one is given.
    """

    requests: Resources = Resources()
    limits: Resources = Resources()

    @model_validator(mode="after")
    def _limits_cover_requests(self) -> Self:
        pairs = (
            ("cpu", self.requests.cpu_millicores, self.limits.cpu_millicores, format_cpu),
            ("memory", self.requests.memory_bytes, self.limits.memory_bytes, format_memory),
        )
        for name, request, limit, shown in pairs:
            if limit == 0:
                raise ValueError(f"limits.{name} is 0: leave it out for no limit")
            if request is not None and limit is not None and request > limit:
                raise ValueError(
                    f"requests.{name} {shown(request)} is above limits.{name} {shown(limit)}:"
                    " raise the limit or lower the request"
                )
        return self

    @property
    def request_cpu_millicores(self) -> int:
        """CPU reserved on the node."""
        return _request(
            self.requests.cpu_millicores, self.limits.cpu_millicores, DEFAULT_REQUEST_CPU
        )

    @property
    def request_memory_bytes(self) -> int:
        """Memory reserved on the node."""
        return _request(
            self.requests.memory_bytes, self.limits.memory_bytes, DEFAULT_REQUEST_MEMORY
        )


def _request(request: int | None, limit: int | None, default: int) -> int:
    if request is not None:
        return request
    return limit if limit is not None else default


class Probe(Spec):
    """How to ask a replica whether it has started, is ready, or lives: exactly one of
    `path` (HTTP GET, 200–399 passes), `tcp: true` (connects) or `exec` (exit code 0)."""

    path: Text | None = None
    tcp: bool = False
    exec: tuple[Text, ...] | None = None
    port: Port | None = None
    initial_delay_s: Duration = Field(0.0, alias="initialDelay")
    period_s: Duration | None = Field(None, alias="period")
    timeout_s: Duration | None = Field(None, alias="timeout")
    failure_threshold: Count | None = Field(None, alias="failureThreshold", ge=1)
    success_threshold: Count = Field(1, alias="successThreshold", ge=1)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.path is not None, self.tcp, self.exec is not None]
        if sum(ways) != 1:
            raise ValueError("give exactly one of path, tcp: true, exec: [argv]")
        if self.path is not None and not re.fullmatch(r"/[!-~]{0,1023}", self.path, re.ASCII):
            raise ValueError("path starts with / and has no spaces or control characters")
        if self.exec is not None and not self.exec:
            raise ValueError("exec is an argv list with at least the program")
        if self.period_s == 0 or self.timeout_s == 0:
            raise ValueError("period and timeout are above 0")
        return self


class Probes(Spec):
    """Startup holds the other two back; readiness routes; liveness restarts."""

    startup: Probe | None = None
    readiness: Probe | None = None
    liveness: Probe | None = None


class Backoff(Spec):
    """Delay before restart n (the first is at once): initial × factor^(n−2), at most max,
    forgotten after `resetAfter` of health."""

    initial_s: Duration | None = Field(None, alias="initial")
    factor: float = Field(2.0, ge=1, le=100)
    max_s: Duration | None = Field(None, alias="max")
    reset_after_s: Duration | None = Field(None, alias="resetAfter")


class RestartSpec(Spec):
    """Which exits are followed by a new attempt, and how soon."""

    policy: Literal["always", "on-failure", "never"] = "always"
    backoff: Backoff = Backoff()


class PlacementSpec(Spec):
    """Where replicas may run, and which of these nodes is preferred."""

    strategy: Annotated[str, Field(pattern=r"^(binpack|spread|random(\([0-9]{1,18}\))?)$")] = (
        "binpack"
    )
    node_selector: dict[str, str] = Field(default_factory=dict, alias="nodeSelector")

    @property
    def policy(self) -> str:
        """`binpack`, `spread` or `random`, without the seed."""
        return self.strategy.partition("(")[0]

    @property
    def seed(self) -> int:
        """The seed in `random(seed)`; 0 where none is given."""
        return int(self.strategy.partition("(")[2].rstrip(")") or 0)


class ProxySpec(Spec):
    """The load balancer in front of a service."""

    listen: Port
    host: Literal["127.0.0.1", "0.0.0.0", "::1", "localhost"] = "127.0.0.1"  # noqa: S104
    algorithm: Literal["round_robin"] = "round_robin"
    replica_header: bool = Field(True, alias="replicaHeader")
    connect_timeout_s: Duration = Field(1.0, alias="connectTimeout", gt=0)
    response_timeout_s: Duration = Field(60.0, alias="responseTimeout", gt=0)
    drain_timeout_s: Duration | None = Field(None, alias="drainTimeout")


class BuildSpec(Spec):
    """How to build the image: a folder with a Dockerfile."""

    context: Text
    dockerfile: Text = "Dockerfile"
    args: dict[str, str] = Field(default_factory=dict)


class ProcessSpec(Spec):
    """What the process engine does differently from the container engine."""

    command: tuple[Text, ...] | None = Field(None, min_length=1)
    env: dict[str, str] = Field(default_factory=dict)
    workdir: Text | None = None


Capability = Annotated[str, Field(pattern=r"^[A-Z_]{1,40}$")]


class SecuritySpec(Spec):
    """Container hardening. The defaults are the strict ones."""

    read_only_root: bool = Field(True, alias="readOnlyRoot")
    no_new_privileges: bool = Field(True, alias="noNewPrivileges")
    cap_add: tuple[Annotated[str, Field(pattern=r"^[A-Z_]{1,40}$")], ...] = Field(
        (), alias="capAdd"
    )
    pids_limit: Count = Field(256, alias="pidsLimit", ge=1, le=100_000)
    tmpfs: tuple[Annotated[str, Field(pattern=r"^/[A-Za-z0-9_./-]{1,200}$")], ...] = ("/tmp",)  # noqa: S108
    user: Annotated[str, Field(pattern=r"^[a-z0-9_.:-]{1,64}$")] | None = None


class ServiceSpec(Spec):
    """N replicas of one container image behind one address."""

    kind: Literal["Service"] = "Service"
    name: Name
    image: Annotated[Text, Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9][^\s]*$")] | (
        None
    ) = None
    build: BuildSpec | None = None
    pull: Literal["missing", "never"] = "missing"
    command: tuple[Text, ...] | None = Field(None, min_length=1)
    port: Port | None = None
    replicas: Count = Field(1, ge=0, le=MAX_REPLICAS)
    env: dict[str, Text] = Field(default_factory=dict)
    resources: ResourceSpec = ResourceSpec()
    probes: Probes = Probes()
    restart: RestartSpec = RestartSpec()
    stop_grace_period_s: Duration | None = Field(None, alias="stopGracePeriod")
    placement: PlacementSpec = PlacementSpec()
    proxy: ProxySpec | None = None
    process: ProcessSpec | None = None
    security: SecuritySpec = SecuritySpec()

    @field_validator("build", mode="before")
    @classmethod
    def _build_is_a_folder(cls, value: object) -> object:
        return {"context": value} if isinstance(value, str) else value

    @field_validator("restart", mode="before")
    @classmethod
    def _restart_is_a_policy(cls, value: object) -> object:
        return {"policy": value} if isinstance(value, str) else value

    @field_validator("env", mode="before")
    @classmethod
    def _env_values_are_texts(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: _env_text(key, item) for key, item in value.items()}

    @model_validator(mode="after")
    def _is_runnable(self) -> Self:
        if self.image is None and self.command is None and self.build is None:
            raise ValueError("give an image, a build folder or a command")
        if self.port is None and self._needs_port():
            raise ValueError("port is missing: the proxy and path or tcp probes need one")
        return self

    def _needs_port(self) -> bool:
        probes = (self.probes.startup, self.probes.readiness, self.probes.liveness)
        return self.proxy is not None or any(
            probe is not None and probe.exec is None and probe.port is None for probe in probes
        )


def _env_text(key: Any, value: Any) -> Any:
    if not isinstance(key, str) or not is_env_name(key):
        raise ValueError(f"{key!r} is no name of an environment variable")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"{key} is neither a text nor a number")
    return value


class Capacity(Spec):
    """What a node has."""

    cpu_millicores: Cpu = Field(alias="cpu", gt=0)
    memory_bytes: Memory = Field(alias="memory", gt=0)


class NodeSpec(Spec):
    """One server of the simulated cluster: a share of this machine."""

    kind: Literal["Node"] = "Node"
    name: Name
    capacity: Capacity
    zone: Name = "default"
    labels: dict[str, str] = Field(default_factory=dict)


KINDS: Final[dict[str, type[ServiceSpec] | type[NodeSpec]]] = {
    "Service": ServiceSpec,
    "Node": NodeSpec,
}
