"""What the API answers and the CLI prints: the JSON contract. Fields are only ever added.

Times are seconds since the epoch where a name ends in `_at`, durations seconds (`_s`).
"""

from pydantic import BaseModel, ConfigDict

from orchestrator.model.bodies import ManifestBody
from orchestrator.model.spec import ServiceSpec


class View(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(frozen=True)


class InfoView(View):
    """The controller: what it is, which engine it uses and why."""

    project: str
    version: str
    pid: int
    started_at: float
    engine: str
    engine_reason: str
    timing: str
    serial: int
    """Of the desired state: grows with every change; a saved plan names the one it was made on."""
    state_dir: str
    adopted: int = 0
    """Replicas that ran already when this controller began."""
    events_before: int = 0
    """Serial of the last event before this controller began."""
    folder: str = ""
    """Where relative folders start in manifests sent as text."""
    degraded: str = ""
    """Why the engine is not answering now, "" while all is well."""


class ReplicaView(View):
    """One replica, or a slot that has none now (then `id` and `endpoint` are null)."""

    name: str
    service: str
    slot: int
    attempt: int
    status: str
    """Pending, Starting, Running, Ready, CrashLoopBackOff, Completed, Failed, Terminating, …"""
    reason: str
    """A sentence on the status, "" where there is nothing to add."""
    ready: bool
    restarts: int
    node: str | None
    zone: str | None
    revision: str
    id: str | None
    """Container id, or pid."""
    endpoint: str | None
    """host:port"""
    age_s: float
    last_exit: str = ""
    """How the attempt before ended: `OOMKilled (137)`."""
    cpu_request_millicores: int = 0
    memory_request_bytes: int = 0


class ServiceView(View):
    """One service and how far it is."""

    name: str
    desired: int
    active: int
    ready: int
    up_to_date: int
    """Replicas of the present revision that are ready."""
    revision: str
    address: str | None
    """Where the proxy listens: `http://127.0.0.1:8080`, `https://…`, `tcp://127.0.0.1:5432`."""
    image: str | None
    status: str
    """Ready, Progressing, Degraded, Stopped (0 wanted), Deleting."""
    reason: str
    pending: int
    restarts: int
    spec: ServiceSpec
    near: tuple[str, ...] = ()
    """A sentence on each limit (CPU, memory, concurrency) that it is close to now."""
    paused: bool = False
    """Whether its rollout is paused: replicas of another revision are well as they are."""


class NodeView(View):
    """One node, what it has and what is reserved on it."""

    name: str
    zone: str
    status: str
    """Ready, Cordoned, Draining, or Drained; of one that has crashed NotReady, or both:
    `NotReady,Cordoned`, as kubectl's `NotReady,SchedulingDisabled`."""
    cpu_millicores: int
    """What may be reserved: the capacity, times the node's overcommit."""
    cpu_used_millicores: int
    memory_bytes: int
    memory_used_bytes: int
    replicas: int
    labels: dict[str, str]
    cpu_limit_millicores: int = 0
    """What replicas may use together, those with a limit."""
    memory_limit_bytes: int = 0
    others: dict[str, tuple[int, int]] = {}
    """Of each other resource (`gpu`): how many are reserved, and how many there are."""
    taints: tuple[str, ...] = ()
    """`key=value:effect`, as kubectl writes it."""
    near: tuple[str, ...] = ()
    """As of a service, by what its replicas use, not by what they reserve."""


class OutageView(View):
    """Nodes that were to crash, or to be up again."""

    nodes: tuple[NodeView, ...]
    changed: tuple[str, ...]
    """The names of those that were not so before."""


class EventView(View):
    """One entry of the event log."""

    serial: int
    time: float
    type: str
    reason: str
    object: str
    message: str


class VerdictView(View):
    """One node in the explanation of a placement."""

    node: str
    zone: str
    fits: bool
    reason: str
    cpu_score: float
    memory_score: float
    total: float
    chosen: bool


class ExplainView(View):
    """Why a replica is where it is, or why it is nowhere."""

    name: str
    status: str
    node: str | None
    reason: str
    strategy: str
    verdicts: tuple[VerdictView, ...]


class MoveView(View):
    """One replica (`web-2`) from its node to another."""

    replica: str
    source: str
    target: str
    cause: str


class RebalanceView(View):
    """Moves that free whole nodes, and how many nodes hold something before and after them."""

    nodes_before: int
    nodes_after: int
    moves: tuple[MoveView, ...] = ()


class PlanView(View):
    """What applying would do. `text` is for people."""

    serial: int
    add: int
    change: int
    destroy: int
    text: str
    pending: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing would change."""
        return not (self.add or self.change or self.destroy)


class TrafficView(View):
    """What the proxy did lately: rates over the answer's period, totals since counting began.

    Percentiles (`p99_s`) are exact to 2 %, null without a request in the period.
    """

    requests_per_s: float
    errors_per_s: float
    """Answers 5xx."""
    error_ratio: float
    retries_per_s: float
    bytes_in_per_s: float
    bytes_out_per_s: float
    in_flight: int
    p50_s: float | None
    p90_s: float | None
    p99_s: float | None
    p999_s: float | None
    requests: int
    errors: int
    retries: int
    cpu_millicores: int | None
    """In use, not requested; null where it could not be measured."""
    memory_bytes: int | None


class ReplicaStatsView(TrafficView):
    """One replica that runs: the requests it answered, what it uses."""

    name: str
    attempt: int
    status: str


class ServiceStatsView(TrafficView):
    """One service: all requests to it, those that the proxy answered itself included."""

    name: str
    replicas: tuple[ReplicaStatsView, ...]


class DurationsView(View):
    """How long requests to a service took, all since counting began: `core.histogram`.

    What lies between two such answers is the histogram of the time between them.
    """

    sum_s: float = 0.0
    buckets: dict[str, int] = {}
    """Requests by bucket; only buckets in use."""


class StatsView(View):
    """All services over the last `seconds`."""

    seconds: float
    services: tuple[ServiceStatsView, ...]


class LogView(View):
    """One line of output."""

    replica: str
    attempt: int
    stream: str
    text: str


class ExecView(View):
    """How a command in a replica ended; output as text, undecodable bytes replaced."""

    exit_code: int
    stdout: str
    stderr: str


class FaultView(View):
    """One thing wrong in a manifest. Lines and columns count from 1; 0 means unknown."""

    line: int
    column: int
    field: str
    message: str
    remedy: str


class ReadView(View):
    """What a text says, ready to plan or apply, or everything that is wrong with it."""

    manifests: ManifestBody | None = None
    faults: tuple[FaultView, ...] = ()


class PreviousView(View):
    """What was wanted before the last apply, ready to plan or apply; null if nothing was."""

    manifests: ManifestBody | None = None


class Problem(View):
    """An error, as RFC 9457 problem details (application/problem+json)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    remedy: str = ""
