"""How far a rollout is, in kubectl's words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestrator.model.views import ReplicaView, ServiceView


@dataclass(frozen=True, slots=True)
class Rollout:
    """What `kubectl rollout status` goes by, of one service."""

    service: str
    desired: int
    updated: int
    """Replicas of the wanted revision."""
    old: int
    """Replicas of other revisions, and those that are leaving."""
    available: int
    """Updated ones that are ready, or have completed."""
    paused: bool
    held: bool
    """It is paused, and nothing more comes of it before it is resumed."""

    @property
    def finished(self) -> bool:
        """Whether all is updated, available, and nothing else is left."""
        return self.updated == self.available >= self.desired and not self.old

    @property
    def sentence(self) -> str:
        """`kubectl/pkg/polymorphichelpers/rollout_status.go` has these, but that on a pause."""
        name = f'service "{self.service}"'
        if self.finished:
            return f"{name} successfully rolled out"
        if self.held:
            return f"{name} is paused: {self.updated} out of {self.desired} replicas are updated"
        return f"Waiting for {name} rollout to finish: {self._rest}..."

    @property
    def _rest(self) -> str:
        if self.updated < self.desired:
            return f"{self.updated} out of {self.desired} new replicas have been updated"
        if self.old:
            return f"{self.old} old replicas are pending termination"
        return f"{self.available} of {self.updated} updated replicas are available"

    @property
    def data(self) -> dict[str, Any]:
        """All of it, for programs."""
        return {**asdict(self), "finished": self.finished, "message": self.sentence}


def rollout_of(service: ServiceView, rows: Sequence[ReplicaView]) -> Rollout:
    """`rows`: the service's replicas, as `orch ps` lists them."""
    there = [row for row in rows if row.id or row.status in ("Starting", "Completed")]
    updated = [
        row for row in there if row.revision == service.revision and row.status != "Terminating"
    ]
    well = [row for row in there if row.ready or row.status == "Completed"]
    at_rest = len(there) == len(well) == service.desired
    return Rollout(
        service=service.name,
        desired=service.desired,
        updated=len(updated),
        old=len(there) - len(updated),
        available=sum(row in well for row in updated),
        paused=service.paused,
        held=service.paused and at_rest and len(updated) < service.desired,
    )
