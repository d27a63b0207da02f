"""What people do to single replicas: signals, and a restart. Each is told of, so that what follows
has its cause in the event log.
"""

from typing import Final

from orchestrator.engines.base import Engine
from orchestrator.model.errors import ConflictError, NotFoundError
from orchestrator.model.signals import short, signal_named
from orchestrator.model.state import Phase, Replica, ReplicaId
from orchestrator.runtime.cluster import Cluster
from orchestrator.runtime.desired import unknown

MEANING: Final = {
    "STOP": ": it hangs, and answers nothing until SIGCONT",
    "CONT": ": it goes on, if it was stopped",
}
"""What a signal does that shows only later: signal(7)."""


class Interventions:
    """Orders about one cluster's replicas."""

    def __init__(self, engine: Engine, cluster: Cluster) -> None:
        self._engine = engine
        self._cluster = cluster

    async def signal(self, replica: Replica, signal: str) -> None:
        """Send it a signal (`STOP`, `SIGSTOP`). Raises `NotFoundError`, `InvalidRequestError`,
        `EngineError`."""
        if replica.engine_id is None:
            raise NotFoundError(f"{replica.id} does not run yet", remedy="try again in a moment")
        word = short(signal_named(signal).name)
        # Before it is sent: what comes of it may be known before the engine has answered.
        self._say(replica.id, "Signalled", f"is sent SIG{word} by order{MEANING.get(word, '')}")
        await self._engine.signal(replica.engine_id, word)

    def restart(self, replica: Replica) -> None:
        """Replace this one: another in its slot gets ready, then it leaves. An order of the moment:
        it ends with this controller. Raises `NotFoundError`, `ConflictError`."""
        id_, desired = replica.id, self._cluster.desired
        if id_.service not in desired.now.services:
            raise unknown("service", id_.service, desired.now.services)
        if not replica.active:
            raise ConflictError(f"{id_} is being stopped already")
        desired.restart_replicas({*filter(self._is_left, desired.now.restarts), id_})
        self._say(id_, "Restarting", "is to be replaced: its restart was ordered")
        self._cluster.touch(id_.service)

    def _is_left(self, id_: ReplicaId) -> bool:
        known = self._cluster.observed.replicas.get(id_)
        return known is not None and known.phase is not Phase.EXITED

    def _say(self, id_: ReplicaId, reason: str, message: str) -> None:
        self._cluster.log.normal(reason, f"replica/{id_.name}", f"{id_} {message}")
