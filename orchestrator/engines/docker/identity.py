"""Names and labels: how a replica is found again among the containers of an engine."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orchestrator.model.launch import Launch
from orchestrator.model.names import (
    LABEL_ATTEMPT,
    LABEL_NODE,
    LABEL_PREFIX,
    LABEL_PROJECT,
    LABEL_REVISION,
    LABEL_SERVICE,
    LABEL_SLOT,
    is_name,
)
from orchestrator.model.state import ReplicaId

LABEL_PORT: Final = LABEL_PREFIX + "port"
LABEL_CPU: Final = LABEL_PREFIX + "request.cpu-millicores"
LABEL_MEMORY: Final = LABEL_PREFIX + "request.memory-bytes"
_MAX_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Identity:
    """What the labels of a container say."""

    id: ReplicaId
    node: str
    revision: str
    port: int | None
    cpu_request_millicores: int
    memory_request_bytes: int


def container_name(project: str, replica_id: ReplicaId) -> str:
    """One for each attempt: `shop.web-2.1`. Neither project nor service may hold a '.'."""
    return f"{project}.{replica_id}"


def network_name(project: str) -> str:
    """The project's network."""
    return f"orch-{project}"


def project_filter(project: str) -> dict[str, str]:
    """For lists and events: what carries the project's label."""
    return {"label": f"{LABEL_PROJECT}={project}"}


def labels_of(project: str, launch: Launch) -> dict[str, str]:
    """All that `identity_of` needs."""
    port = {} if launch.port is None else {LABEL_PORT: str(launch.port)}
    return port | {
        LABEL_PROJECT: project,
        LABEL_SERVICE: launch.id.service,
        LABEL_SLOT: str(launch.id.slot),
        LABEL_ATTEMPT: str(launch.id.attempt),
        LABEL_NODE: launch.node,
        LABEL_REVISION: launch.revision,
        LABEL_CPU: str(launch.cpu_request_millicores),
        LABEL_MEMORY: str(launch.memory_request_bytes),
    }


def identity_of(project: str, labels: Mapping[str, str] | None) -> Identity | None:
    """None where the labels are not ours, not this project's, or no replica's: such a container
    is a stranger and never touched."""
    labels = labels or {}
    service = labels.get(LABEL_SERVICE, "")
    slot, attempt = _number(labels.get(LABEL_SLOT)), _number(labels.get(LABEL_ATTEMPT))
    if labels.get(LABEL_PROJECT) != project or not is_name(service) or not slot or not attempt:
        return None
    return Identity(
        id=ReplicaId(service, slot, attempt),
        node=labels.get(LABEL_NODE, ""),
        revision=labels.get(LABEL_REVISION, ""),
        port=_number(labels.get(LABEL_PORT)),
        cpu_request_millicores=_number(labels.get(LABEL_CPU)) or 0,
        memory_request_bytes=_number(labels.get(LABEL_MEMORY)) or 0,
    )


def _number(text: str | None) -> int | None:
    """A plain decimal number; None for anything else."""
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > _MAX_DIGITS:
        return None
    return int(text)
