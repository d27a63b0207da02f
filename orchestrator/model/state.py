"""What is wanted and what is: the two sides that reconciliation compares.

Times are seconds of the controller's monotonic clock unless a name says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, NamedTuple

from orchestrator.model.spec import Extended, NodeSpec, ServiceSpec


class SlotKey(NamedTuple):
    """A service's place number `slot` (from 1): what survives restarts."""

    service: str
    slot: int

    @property
    def name(self) -> str:
        """`web-2`: what users call a replica."""
        return f"{self.service}-{self.slot}"


class ReplicaId(NamedTuple):
    """One attempt to run a slot. A restart is a new attempt (from 1) in the same slot."""

    service: str
    slot: int
    attempt: int

    @property
    def key(self) -> SlotKey:
        """The slot this attempt is for."""
        return SlotKey(self.service, self.slot)

    @property
    def name(self) -> str:
        """`web-2`: what users call a replica."""
        return f"{self.service}-{self.slot}"

    def __str__(self) -> str:
        return f"{self.service}-{self.slot}.{self.attempt}"


NODE_LOST: Final = "NodeLost"
"""The reason of an exit that was its node's, not the program's; Kubernetes' word."""


class Phase(IntEnum):
    """How far a replica has come. It only moves forward."""

    STARTING = 1
    """A start was ordered; the engine may or may not have it yet."""
    RUNNING = 2
    """The engine runs it."""
    STOPPING = 3
    """Its end was ordered: unrouted, draining or terminating."""
    EXITED = 4
    """It runs no more; what is left is a record and logs."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How a replica ended. `code` is None where the engine cannot tell (it vanished)."""

    code: int | None = None
    oom_killed: bool = False
    reason: str = ""
    """A status word with a meaning of its own: `LivenessFailed`, `ErrImagePull`, …"""
    message: str = ""
    ordered: bool = False
    """Whether the controller stopped it on purpose: such an exit is no failure."""

    @property
    def succeeded(self) -> bool:
        """Exit code 0 and nothing else to say."""
        return self.code == 0 and not self.oom_killed and not self.reason

    @property
    def blameless(self) -> bool:
        """Whether it says nothing against the program: it was ordered, or its node was lost."""
        return self.ordered or self.reason == NODE_LOST

    @property
    def word(self) -> str:
        """The reason in one word: `OOMKilled`, `Completed`, `Error`, …"""
        if self.oom_killed:
            return "OOMKilled"
        return self.reason or ("Completed" if self.code == 0 else "Error")


class Endpoint(NamedTuple):
    """Where a replica answers."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Replica:
    """One observed replica. Requests are what it holds on its node while not EXITED."""

    id: ReplicaId
    node: str
    revision: str
    phase: Phase
    cpu_millicores: int = 0
    memory_bytes: int = 0
    extended: Extended = ()
    """Other resources (`gpu`), by name."""
    engine_id: str | None = None
    """Container id, or pid as text."""
    endpoint: Endpoint | None = None
    created_at: float = 0.0
    started: bool = False
    """The startup probe has passed, or there is none and it runs."""
    ready: bool = False
    alive: bool = True
    """False once the liveness or startup probe has failed for good: it is to be replaced."""
    ready_since: float | None = None
    exit: Exit | None = None
    exited_at: float | None = None

    @property
    def holds(self) -> tuple[int, int, Extended]:
        """What it holds on its node: millicores, bytes, other resources."""
        return self.cpu_millicores, self.memory_bytes, self.extended

    @property
    def active(self) -> bool:
        """Starting or running: it counts towards its slot."""
        return self.phase in (Phase.STARTING, Phase.RUNNING)


@dataclass(frozen=True, slots=True)
class SlotHistory:
    """What a slot remembers between attempts, so that backoff survives them (and us)."""

    last_attempt: int = 0
    """The highest attempt number ever used: never used again."""
    restarts: int = 0
    """Attempts that followed an exit that was not ordered."""
    failures: int = 0
    """Consecutive ones; forgotten after `resetAfter` of health."""
    not_before: float = 0.0
    """No new attempt before this time."""
    last_exit: Exit | None = None
    """Of the newest attempt that ended by itself or with its node."""


@dataclass(frozen=True, slots=True)
class Service:
    """One desired service: its spec with every default filled in, and the revision that
    replicas started from it carry."""

    spec: ServiceSpec
    revision: str
    paused: bool = False
    """Whether its rollout is: no replica is replaced because it has another revision. What has to
    be started has this one."""

    @property
    def name(self) -> str:
        """The service's name."""
        return self.spec.name


@dataclass(frozen=True, slots=True)
class Node:
    """One desired node and what its operator said of it."""

    spec: NodeSpec
    cordoned: bool = False
    draining: bool = False
    down: bool = False
    """It has crashed: what ran on it is lost, and nothing runs on it until it is up again."""

    @property
    def name(self) -> str:
        """The node's name."""
        return self.spec.name

    @property
    def schedulable(self) -> bool:
        """Whether new replicas may be placed here."""
        return not (self.cordoned or self.draining or self.down)


@dataclass(frozen=True, slots=True)
class Desired:
    """All that is wanted. `serial` grows with every change of it but `moves` and `restarts`."""

    services: Mapping[str, Service] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    serial: int = 0
    moves: Mapping[ReplicaId, str] = field(default_factory=dict)
    """Replicas that are to be replaced by one on another node, if that has room: which."""
    restarts: frozenset[ReplicaId] = frozenset()
    """Replicas that are to be replaced by one on whatever node."""


@dataclass(frozen=True, slots=True)
class Observed:
    """All that is: every replica known (EXITED ones included) and what slots remember."""

    replicas: tuple[Replica, ...] = ()
    slots: Mapping[SlotKey, SlotHistory] = field(default_factory=dict)
