"""The parts of a service: resources, probes, restarts, build, hardening.

Field aliases are the manifest's spelling; attribute names carry the unit.
A duration that is None is filled in from the timing profile (`model.timing`).
"""

from collections.abc import Mapping
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestrator.model.errors import Fault, SpecError
from orchestrator.model.quantity import format_cpu, format_memory
from orchestrator.model.scalars import (
    Capability,
    Count,
    Cpu,
    Duration,
    Env,
    HttpPath,
    Memory,
    MountPath,
    Port,
    ResourceName,
    Text,
    Units,
    User,
)

DEFAULT_REQUEST_CPU: Final = 100
DEFAULT_REQUEST_MEMORY: Final = 64 * 2**20

Extended = tuple[tuple[str, int], ...]
"""Amounts of other resources than CPU and memory (`gpu`), by ascending name."""


def extended(extra: Mapping[str, int] | None) -> Extended:
    """What stands beside CPU and memory."""
    return tuple(sorted((extra or {}).items()))


class Spec(BaseModel):
    """Base: frozen, unknown keys refused, written and read with the manifest's spelling."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        model_title_generator=lambda model: model.__name__.removesuffix("Spec"),
        field_title_generator=lambda name, info: info.alias or name,
    )


class Resources(Spec):
    """An amount of CPU and memory."""

    cpu_millicores: Cpu | None = Field(None, alias="cpu")
    memory_bytes: Memory | None = Field(None, alias="memory")


class Requests(Resources):
    """What is reserved: CPU, memory, and any other resource that nodes name in their capacity."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[ResourceName, Units] = Field(init=False)

    @property
    def extended(self) -> Extended:
        """The other resources and how many of each, by name."""
        return extended(self.model_extra)


class ResourceSpec(Spec):
    """`requests` are reserved on the node when placing, `limits` are enforced by the engine.

    As in Kubernetes a missing request is the limit, where one is given.
    """

    requests: Requests = Field(
        Requests(), description="Reserved on the node: the scheduler packs by it."
    )
    limits: Resources = Field(
        Resources(), description="Never exceeded: CPU is throttled, memory kills."
    )

    @model_validator(mode="after")
    def _limits_cover_requests(self) -> Self:
        pairs = (
            ("cpu", self.requests.cpu_millicores, self.limits.cpu_millicores, format_cpu),
            ("memory", self.requests.memory_bytes, self.limits.memory_bytes, format_memory),
        )
        faults = []
        for name, request, limit, shown in pairs:
            field = f"limits.{name}"
            if limit == 0:
                faults.append(Fault("is 0", "leave it out for no limit", field))
            elif request is not None and limit is not None and request > limit:
                message = f"{shown(limit)} is below requests.{name} {shown(request)}"
                faults.append(Fault(message, "raise the limit or lower the request", field))
        if faults:
            raise SpecError(*faults)
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

    path: HttpPath | None = Field(None, description="HTTP GET of this path; 200–399 passes.")
    tcp: bool = Field(False, description="true: a TCP connection passes.")
    exec: tuple[Text, ...] | None = Field(
        None, min_length=1, description="argv run inside the replica; exit code 0 passes."
    )
    port: Port | None = Field(None, description="Default: the service's port.")
    initial_delay_s: Duration = Field(
        0.0, alias="initialDelay", description="Wait after the start."
    )
    period_s: Duration | None = Field(
        None, alias="period", gt=0, description="From one probe to the next."
    )
    timeout_s: Duration | None = Field(
        None, alias="timeout", gt=0, description="For the whole answer."
    )
    failure_threshold: Count | None = Field(
        None, alias="failureThreshold", ge=1, description="Failures in a row that count as failed."
    )
    success_threshold: Count = Field(
        1, alias="successThreshold", ge=1, description="Passes in a row that count as passed."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = {"path": self.path is not None, "tcp": self.tcp, "exec": self.exec is not None}
        given = [way for way, used in ways.items() if used]
        if len(given) != 1:
            found = " and ".join(given) or "none of them"
            remedy = "give exactly one of path: /healthz, tcp: true, exec: [argv]"
            raise SpecError(Fault(f"found {found}, expected one way to probe", remedy))
        return self


class Probes(Spec):
    """Startup holds the other two back; readiness routes; liveness restarts."""

    startup: Probe | None = None
    readiness: Probe | None = None
    liveness: Probe | None = None


class Backoff(Spec):
    """Delay before restart n (the first is at once): initial × factor^(n−2), at most max,
    forgotten after `resetAfter` of health."""

    initial_s: Duration | None = Field(
        None, alias="initial", description="Before the second restart."
    )
    factor: float = Field(2.0, ge=1, le=100, description="By which each delay grows.")
    max_s: Duration | None = Field(None, alias="max", description="The longest delay.")
    reset_after_s: Duration | None = Field(
        None, alias="resetAfter", description="Health after which all is forgotten."
    )


class RestartSpec(Spec):
    """Which exits are followed by a new attempt, and how soon."""

    policy: Literal["always", "on-failure", "never"] = "always"
    backoff: Backoff = Backoff()


class BuildSpec(Spec):
    """How to build the image: a folder with a Dockerfile."""

    context: Text = Field(min_length=1, description="The folder, relative to the manifest.")
    dockerfile: Text = Field("Dockerfile", min_length=1, description="Relative to the folder.")
    args: Env = Field(default_factory=dict, description="Build arguments.")


class ProcessSpec(Spec):
    """What the process engine does differently from the container engine."""

    command: tuple[Text, ...] | None = Field(None, min_length=1)
    env: Env = Field(default_factory=dict)
    workdir: Text | None = Field(
        None,
        min_length=1,
        description="Default: the parent of the build folder, else the manifest's folder.",
    )


class SecuritySpec(Spec):
    """Container hardening. The defaults are the strict ones."""

    read_only_root: bool = Field(True, alias="readOnlyRoot")
    no_new_privileges: bool = Field(True, alias="noNewPrivileges")
    cap_add: tuple[Capability, ...] = Field((), alias="capAdd")
    pids_limit: Count = Field(256, alias="pidsLimit", ge=1, le=100_000)
    tmpfs: tuple[MountPath, ...] = ("/tmp",)  # noqa: S108
    user: User | None = None
