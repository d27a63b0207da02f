"""When terminations under way turn to SIGKILL: on disk, for a controller that comes after us."""

import asyncio

from orchestrator.model.errors import StateError
from orchestrator.model.state import ReplicaId
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.store import Store


class Deadlines:
    """Written in one transaction for all terminations that begin or end in one turn of the loop.

    That it cannot be written is worth a warning, not worth giving up a stop.
    """

    def __init__(self, store: Store, log: EventLog) -> None:
        self._store = store
        self._log = log
        self._earlier = store.stopping()
        self._begun: dict[ReplicaId, float] = {}
        self._over: set[ReplicaId] = set()

    def granted(self, id_: ReplicaId) -> float | None:
        """Seconds left of what an earlier controller granted the replica, if it did; said once."""
        return self._earlier.pop(id_, None)

    async def begin(self, id_: ReplicaId, left_s: float) -> None:
        """SIGKILL is due in `left_s` seconds. Returns once that is written."""
        self._write_soon()
        self._begun[id_] = left_s
        await asyncio.sleep(0)

    def end(self, id_: ReplicaId) -> None:
        """The termination is over."""
        self._write_soon()
        self._over.add(id_)

    def _write_soon(self) -> None:
        if not self._begun and not self._over:
            asyncio.get_running_loop().call_soon(self._write)

    def _write(self) -> None:
        try:
            self._store.put_stopping(self._begun, self._over)
        except StateError as error:
            self._log.warning("StateError", "project", str(error))
        self._begun.clear()
        self._over.clear()
