"""What a study asks for: a workload on a cluster, faults, and hours of virtual time."""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from orchestrator.model.errors import Fault, SpecError
from orchestrator.model.scalars import (
    MAX_REPLICAS,
    Count,
    Cpu,
    Duration,
    Labels,
    Memory,
    Name,
    Strategy,
    Text,
)
from orchestrator.model.sections import Spec

__all__ = [
    "EngineSpec",
    "FaultsSpec",
    "HappeningSpec",
    "NodesSpec",
    "StudySpec",
    "TraceSpec",
    "WorkloadSpec",
]

Share = Annotated[float, Field(ge=0, le=1)]


def _one_as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class TraceSpec(Spec):
    """A CSV file: `name,cpu_millicores,memory_mib[,arrival,departure]`, times in seconds."""

    file: Text = Field(min_length=1, description="Relative to the study.")
    first: Count | None = Field(None, ge=1, description="Only so many rows. Default: all.")
    speed_up: float = Field(
        1.0, alias="speedUp", gt=0, description="By which its times are divided."
    )


Manifests = Annotated[
    tuple[Text, ...], BeforeValidator(_one_as_list, json_schema_input_type=str | tuple[str, ...])
]


class WorkloadSpec(Spec):
    """What runs: services from manifests, or the replicas of a trace as they come and go."""

    manifests: Manifests = Field((), description="Files and folders, relative to the study.")
    trace: TraceSpec | None = None

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if bool(self.manifests) == bool(self.trace):
            raise SpecError(Fault("expected manifests or a trace", "give one of them"))
        return self


class NodesSpec(Spec):
    """Equal nodes."""

    count: Count = Field(1, ge=1, le=100_000)
    cpu_millicores: Cpu = Field(alias="cpu", gt=0)
    memory_bytes: Memory = Field(alias="memory", gt=0)
    zone: Name = "default"
    labels: Labels = Field(default_factory=dict)


class EngineSpec(Spec):
    """How long the engine takes: medians of log-normal times."""

    call_s: Duration = Field(0.005, alias="call", description="Of a call.")
    boot_s: Duration = Field(0.8, alias="boot", description="Until a replica answers probes.")
    stop_s: Duration = Field(0.2, alias="stop", description="From SIGTERM to the end.")
    pull_s: Duration = Field(2.0, alias="pull", description="Of an image.")


class FaultsSpec(Spec):
    """What goes wrong by chance, drawn by the seed. Nothing, by default."""

    mean_life_s: Duration | None = Field(
        None, alias="meanLife", gt=0, description="Replicas crash after such times on average."
    )
    hanging: Share = Field(0.0, description="Share of crashes that hang instead.")
    failing_calls: Share = Field(0.0, alias="failingCalls", description="Share that fails.")
    failing_pulls: Share = Field(0.0, alias="failingPulls", description="Share that fails.")
    lost_news: Share = Field(0.0, alias="lostNews", description="Events nobody hears of.")
    node_mean_life_s: Duration | None = Field(
        None, alias="nodeMeanLife", gt=0, description="Nodes are lost after such times on average."
    )
    node_outage_s: Duration = Field(
        600.0, alias="nodeOutage", gt=0, description="How long a lost node stays away."
    )


Deed = Literal[
    "scale", "restart", "kill", "loseNode", "restoreNode", "cordon", "drain", "uncordon",
    "rebalance", "engineDown", "engineUp",
]  # fmt: skip
_NEEDS: Final[dict[str, str]] = {
    "scale": "service", "restart": "service", "kill": "service", "loseNode": "node",
    "restoreNode": "node", "cordon": "node", "drain": "node", "uncordon": "node",
}  # fmt: skip


class HappeningSpec(Spec):
    """Something that happens at a set time."""

    at_s: Duration = Field(alias="at", description="From the beginning.")
    every_s: Duration | None = Field(
        None, alias="every", ge=1, description="Again and again, so far apart. Default: once."
    )
    do: Deed
    service: Name | None = Field(None, description="Of scale, restart and kill.")
    node: Name | None = Field(None, description="Of what is done to a node.")
    replicas: Count | None = Field(
        None,
        ge=0,
        le=MAX_REPLICAS,
        description="How many to scale to; to kill or to move at most, all by default.",
    )

    @model_validator(mode="after")
    def _has_its_object(self) -> Self:
        needed = [_NEEDS[self.do]] if self.do in _NEEDS else []
        needed += ["replicas"] if self.do == "scale" else []
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise SpecError(
                *(Fault(f"is missing: {self.do} needs it", f"add {m}: …", m) for m in missing)
            )
        return self


class StudySpec(Spec):
    """A study: each strategy with each seed is one run of a whole controller in virtual time."""

    kind: Literal["Study"] = "Study"
    name: Name
    duration_s: Duration = Field(alias="duration", gt=0, description="Virtual time of a run.")
    seeds: tuple[Annotated[Count, Field(ge=0)], ...] = Field((0,), min_length=1)
    strategies: tuple[Strategy, ...] = Field(
        (), description="To compare. Default: what each service asks for."
    )
    workload: WorkloadSpec
    cluster: tuple[NodesSpec, ...] = Field(
        (), description="In place of the manifests' nodes. A trace needs it."
    )
    engine: EngineSpec = EngineSpec()
    faults: FaultsSpec = FaultsSpec()
    happenings: tuple[HappeningSpec, ...] = ()

    @model_validator(mode="after")
    def _has_nodes(self) -> Self:
        if self.workload.trace is not None and not self.cluster:
            raise SpecError(
                Fault("is missing: a trace has no nodes", "add [{count: 10, …}]", "cluster")
            )
        late = [one.at_s for one in self.happenings if one.at_s > self.duration_s]
        if late:
            message = f"is over after {self.duration_s:g} s, before the last happening"
            raise SpecError(Fault(message, "make it longer", "duration"))
        return self
