"""Where replicas may run: what a service asks of nodes, and what nodes ask of replicas.

Spelt as Kubernetes spells it, without its long names.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from orchestrator.model.errors import Fault, SpecError
from orchestrator.model.scalars import (
    Count,
    LabelKey,
    Labels,
    LabelValue,
    Name,
    Port,
    Strategy,
    TopologyKey,
)
from orchestrator.model.sections import Spec

Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
MAX_OVERCOMMIT: Final = 100


class Taint(Spec):
    """What keeps replicas off a node that do not tolerate it."""

    key: LabelKey
    value: LabelValue = ""
    effect: Effect = Field(
        description="NoSchedule: nothing new; PreferNoSchedule: only if no other node does; "
        "NoExecute: what runs leaves, too."
    )

    def __str__(self) -> str:
        """As kubectl shows it: `{key: value}`."""
        return f"{{{self.key}: {self.value}}}"


class Toleration(Spec):
    """Which taints a service does not mind."""

    key: LabelKey | None = Field(None, description="Default, with operator Exists: every key.")
    operator: Literal["Equal", "Exists"] = Field(
        "Equal", description="Equal: also the value; Exists: any value."
    )
    value: LabelValue = ""
    effect: Effect | None = Field(None, description="Default: every effect.")

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.key is None and self.operator == "Equal":
            raise SpecError(Fault("is missing", "name the taint's key, or operator: Exists", "key"))
        if self.value and self.operator == "Exists":
            raise SpecError(Fault("Exists asks for no value", "leave it out", "value"))
        return self

    def covers(self, taint: Taint) -> bool:
        """Whether the taint is tolerated by this."""
        if self.effect not in (None, taint.effect) or self.key not in (None, taint.key):
            return False
        return self.operator == "Exists" or self.value == taint.value


class Expression(Spec):
    """A condition on one label of a node."""

    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: tuple[Annotated[LabelValue, BeforeValidator(lambda v: _text(v))], ...] = Field(
        (), description="For In and NotIn some, for Gt and Lt one whole number."
    )

    @model_validator(mode="after")
    def _values_fit_the_operator(self) -> Self:
        if fault := self._fault():
            raise SpecError(Fault(*fault, "values"))
        return self

    def _fault(self) -> tuple[str, str] | None:
        match self.operator:
            case "In" | "NotIn" if not self.values:
                return f"{self.operator} asks for values", "give some, e.g. values: [ssd]"
            case "Exists" | "DoesNotExist" if self.values:
                return f"{self.operator} asks for no values", "leave them out"
            case "Gt" | "Lt" if len(self.values) != 1 or _whole(self.values[0]) is None:
                return f"{self.operator} asks for one whole number", "e.g. values: [4]"
        return None

    def matches(self, value: str | None) -> bool:
        """Whether a node whose label has this value (None: has no such label) meets it.

        As in Kubernetes a node without the label is NotIn anything, and neither Gt nor Lt.
        """
        match self.operator:
            case "In":
                return value in self.values
            case "NotIn":
                return value not in self.values
            case "Exists":
                return value is not None
            case "DoesNotExist":
                return value is None
        number, bound = _whole(value or ""), _whole(self.values[0])
        if number is None or bound is None:
            return False
        return number > bound if self.operator == "Gt" else number < bound


class PreferredExpression(Expression):
    """A condition that a node had better meet."""

    weight: Count = Field(1, ge=1, le=100, description="Weights of all that are met add up.")


class NodeAffinity(Spec):
    """Conditions on the labels of nodes."""

    required: tuple[Expression, ...] = Field((), description="A node has to meet all of them.")
    preferred: tuple[PreferredExpression, ...] = Field(
        (), description="The node with most weight is taken, before the strategy decides."
    )


class AntiAffinity(Spec):
    """A service whose replicas this one's keep away from, and the other way round."""

    service: Name | None = Field(None, description="Default: the service itself.")
    topology_key: TopologyKey = Field(
        "node", alias="topologyKey", description="What they do not share: node, zone, or a label."
    )


class TopologySpread(Spec):
    """How evenly the replicas are held over the zones, nodes or values of a label that a node with
    the selector's labels has."""

    max_skew: Count = Field(
        1, alias="maxSkew", ge=1, description="Replicas more than in the one with fewest, at most."
    )
    topology_key: TopologyKey = Field(
        "zone", alias="topologyKey", description="zone, node, or a label of nodes."
    )
    when_unsatisfiable: Literal["DoNotSchedule", "ScheduleAnyway"] = Field(
        "DoNotSchedule",
        alias="whenUnsatisfiable",
        description="DoNotSchedule: the replica waits as Pending; ScheduleAnyway: where there are "
        "fewest is preferred.",
    )

    @property
    def hard(self) -> bool:
        """Whether a replica rather waits than breaks it."""
        return self.when_unsatisfiable == "DoNotSchedule"


def _one_as_list(value: object) -> object:
    if value is None:
        return ()
    return (value,) if isinstance(value, dict | TopologySpread) else value


class Overcommit(Spec):
    """How often a node's capacity may be reserved."""

    cpu: float = Field(1.0, gt=0, le=MAX_OVERCOMMIT, allow_inf_nan=False)
    memory: float = Field(1.0, gt=0, le=MAX_OVERCOMMIT, allow_inf_nan=False)


class PlacementSpec(Spec):
    """Where replicas may run, and which of these nodes is preferred."""

    strategy: Strategy = Field(
        "binpack",
        description="binpack and nomad fill nodes up, least-allocated and spread even them out, "
        "first-fit takes the first by name, random(seed) draws lots; or steps, the first that "
        "tells nodes apart decides: [spread(zone), binpack(memory)].",
    )
    node_selector: Labels = Field(
        default_factory=dict, alias="nodeSelector", description="Only nodes with all these labels."
    )
    node_affinity: NodeAffinity = Field(NodeAffinity(), alias="nodeAffinity")
    tolerations: tuple[Toleration, ...] = Field(
        (), description="Taints of nodes that do not matter."
    )
    anti_affinity: tuple[AntiAffinity, ...] = Field((), alias="antiAffinity")
    host_ports: tuple[Port, ...] = Field(
        (), alias="hostPorts", description="Ports of the node of which a replica needs its own."
    )
    gang: bool = Field(
        False, description="true: replicas that are to start at one time start all or not at all."
    )
    max_per_node: Count | None = Field(
        None, alias="maxPerNode", ge=1, description="Replicas of the service on one node, at most."
    )
    topology_spread: Annotated[
        tuple[TopologySpread, ...],
        BeforeValidator(
            _one_as_list, json_schema_input_type=TopologySpread | list[TopologySpread] | None
        ),
    ] = Field((), alias="topologySpread")

    @property
    def policy(self) -> str:
        """The strategy's name, without the seed; a chain of steps as it is written."""
        return "random" if self.strategy.startswith("random") else self.strategy

    @property
    def seed(self) -> int:
        """The seed in `random(seed)`; 0 where none is given."""
        if self.policy != "random":
            return 0
        return int(self.strategy.partition("(")[2].rstrip(")") or 0)


def _text(value: object) -> object:
    """A number as text, as YAML reads `4`; a truth value as YAML writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


def _whole(text: str) -> int | None:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdecimal() else None
