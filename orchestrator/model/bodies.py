"""What is sent to the API: the JSON contract's other half. Fields are only ever added.

Durations are seconds (`_s`).
"""

from pydantic import BaseModel, ConfigDict, Field

from orchestrator.model.spec import NodeSpec, ServiceSpec, Text


class Body(BaseModel):
    """Base of all that is sent."""

    model_config = ConfigDict(frozen=True)


class ManifestBody(Body):
    """Manifests as sent by the CLI: already checked, paths absolute, only what was written."""

    services: tuple[ServiceSpec, ...] = ()
    nodes: tuple[NodeSpec, ...] = ()
    prune: bool = False
    """Delete services and nodes that are not named here."""
    serial: int | None = None
    """Refuse (409) unless the desired state still has this serial."""


class RebalanceBody(Body):
    """How many replicas to move at most (null: any number), and whether only to say which."""

    max_moves: int | None = Field(None, ge=1)
    dry_run: bool = False


class ManifestText(Body):
    """Manifests as they were written: YAML, one document or several."""

    text: str
    folder: str = ""
    """Where relative folders in it start; "" as `InfoView.folder` says."""


class NodesBody(Body):
    """Which nodes."""

    nodes: tuple[Text, ...] = Field(min_length=1)


class ScaleBody(Body):
    """How many replicas."""

    replicas: int


class KillBody(Body):
    """Which signal."""

    signal: str = "KILL"


class ExecBody(Body):
    """A command as argv."""

    argv: tuple[Text, ...] = Field(min_length=1)
    timeout_s: float = Field(60.0, gt=0, le=3600, allow_inf_nan=False)
