"""Which containers are the project's: no other is ever stopped, signalled or removed."""

from collections.abc import Iterable

import docker
from docker.errors import NotFound

from orchestrator.engines.docker.identity import identity_of
from orchestrator.engines.docker.lane import Lane
from orchestrator.model.errors import NotFoundError


class Ownership:
    """Remembers the ids of our containers, so that only an unknown one costs a call."""

    def __init__(self, project: str, lane: Lane) -> None:
        self._project = project
        self._lane = lane
        self._ours: set[str] = set()

    def add(self, engine_ids: Iterable[str]) -> None:
        """These are ours."""
        self._ours.update(engine_ids)

    def discard(self, engine_id: str) -> None:
        """It is gone."""
        self._ours.discard(engine_id)

    async def owns(self, engine_id: str) -> bool:
        """False for a stranger's and for one that is gone."""
        if engine_id not in self._ours and await self._lane.call(
            f"inspect container {engine_id[:12]}", lambda client: self._is_ours(client, engine_id)
        ):
            self._ours.add(engine_id)
        return engine_id in self._ours

    async def require(self, engine_id: str) -> None:
        """Raises `NotFoundError` unless it is ours."""
        if not await self.owns(engine_id):
            raise NotFoundError(f"the project has no container {engine_id[:12]}")

    def _is_ours(self, client: docker.APIClient, engine_id: str) -> bool:
        try:
            found = client.inspect_container(engine_id)
        except NotFound:
            return False
        labels = found["Config"].get("Labels")
        return bool(found["Id"] == engine_id and identity_of(self._project, labels))
