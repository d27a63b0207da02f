"""What is to be done, as data: reconciliation returns it, the executor carries it out,
`orch plan` prints it, tests compare it as text."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.model.state import ReplicaId, SlotKey


@dataclass(frozen=True, slots=True)
class StartReplica:
    """Create and start one attempt on a node, at the service's present revision."""

    id: ReplicaId
    node: str
    revision: str
    cause: str

    def __str__(self) -> str:
        return f"start {self.id} on {self.node}: {self.cause}"


@dataclass(frozen=True, slots=True)
class StopReplica:
    """Unroute, drain, SIGTERM, SIGKILL at the deadline, remove: in this order, always."""

    id: ReplicaId
    cause: str
    failed: bool = False
    """Whether this end counts as a failure of the replica (a probe failed)."""

    def __str__(self) -> str:
        return f"stop {self.id}: {self.cause}"


@dataclass(frozen=True, slots=True)
class KillReplica:
    """Its node is down: SIGKILL at once, and nothing before it. It is no failure of the replica."""

    id: ReplicaId
    cause: str

    def __str__(self) -> str:
        return f"kill {self.id}: {self.cause}"


@dataclass(frozen=True, slots=True)
class RemoveReplica:
    """Forget an exited attempt: its container, its logs, its record."""

    id: ReplicaId
    cause: str

    def __str__(self) -> str:
        return f"remove {self.id}: {self.cause}"


Action = StartReplica | StopReplica | KillReplica | RemoveReplica


@dataclass(frozen=True, slots=True)
class Pending:
    """A slot that has no node: `reason` in kubectl's words."""

    key: SlotKey
    reason: str

    def __str__(self) -> str:
        return f"pending {self.key.name}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Plan:
    """The next steps for one service (or several), in order of execution."""

    actions: tuple[Action, ...] = ()
    pending: tuple[Pending, ...] = ()
    wakes: Mapping[str, float] = field(default_factory=dict)
    """For services that wait for it: the earliest monotonic time at which the same input would
    give them another plan (a backoff ends)."""
    short: frozenset[str] = frozenset()
    """Services of which something found no room: they need another look when some comes free."""
    preempting: frozenset[str] = frozenset()
    """Services that others have to leave for: they have to be among those of every other look,
    until they have their room, or it might be given away."""

    @property
    def wake_at(self) -> float | None:
        """The earliest time at which any service gets another plan; None if only a change can."""
        return min(self.wakes.values(), default=None)

    @property
    def empty(self) -> bool:
        """Nothing to do and nothing waiting for room."""
        return not self.actions and not self.pending

    def __str__(self) -> str:
        return "\n".join(str(line) for line in (*self.actions, *self.pending))
