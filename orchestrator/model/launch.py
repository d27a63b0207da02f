"""What an engine is told and what it tells: the vocabulary between controller and engines."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.model.spec import SecuritySpec
from orchestrator.model.state import Endpoint, Exit, ReplicaId


@dataclass(frozen=True, slots=True)
class Launch:
    """All an engine needs to run one replica."""

    id: ReplicaId
    node: str
    zone: str
    revision: str
    image: str | None
    command: tuple[str, ...] | None
    env: Mapping[str, str]
    """Complete: the manifest's variables, $PORT and the ORCH_ ones."""
    port: int | None
    hostname: str
    cpu_limit_millicores: int | None = None
    memory_limit_bytes: int | None = None
    cpu_request_millicores: int = 0
    memory_request_bytes: int = 0
    stop_grace_s: float = 10.0
    security: SecuritySpec = field(default_factory=SecuritySpec)
    process_command: tuple[str, ...] | None = None
    """Overrides `command` on the process engine."""
    process_env: Mapping[str, str] = field(default_factory=dict)
    """Added to `env` on the process engine."""
    workdir: str | None = None
    """Where the process engine runs it."""


@dataclass(frozen=True, slots=True)
class EngineReplica:
    """What an engine knows of one replica of this project: from labels, or their like."""

    id: ReplicaId
    engine_id: str
    node: str
    revision: str
    running: bool
    """False: created and never started, or exited (then `exit` says how)."""
    endpoint: Endpoint | None = None
    exit: Exit | None = None
    started_wall: float | None = None
    """Seconds since the epoch."""
    cpu_request_millicores: int = 0
    memory_request_bytes: int = 0


@dataclass(frozen=True, slots=True)
class EngineEvent:
    """A hint that something happened. `exit` where the event says how it ended; the truth is
    what `list` says. `id` None: anything may have changed, look again."""

    kind: str
    """`started`, `exited`, `removed`, `oom`, `resync`."""
    id: ReplicaId | None = None
    engine_id: str = ""
    exit: Exit | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Resources a replica uses now. CPU is cumulative."""

    cpu_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a replica's output, without its line end."""

    replica: ReplicaId
    text: str
    stream: str = "stdout"


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a command inside a replica ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """An image and how to get it when it is missing or its sources changed."""

    image: str
    context: str | None = None
    dockerfile: str = "Dockerfile"
    build_args: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    """Digest of the build's sources, "" without a build."""
    pull: bool = True
