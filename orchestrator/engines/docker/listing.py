"""Looking at all containers of a project."""

import asyncio
from typing import Any

import docker
from docker.errors import NotFound

from orchestrator.engines.docker.identity import project_filter
from orchestrator.engines.docker.lane import Lane
from orchestrator.engines.docker.sight import exit_of, from_summary, has_ended
from orchestrator.model.launch import EngineReplica
from orchestrator.model.state import Exit


class Listing:
    """One call, and one more for each container that has ended since: its exit is remembered."""

    def __init__(self, project: str, lane: Lane) -> None:
        self._project = project
        self._lane = lane
        self._exits: dict[str, Exit] = {}

    async def look(self) -> list[EngineReplica]:
        """Every replica of the project. Containers of strangers are left out, whatever labels
        they bear."""
        summaries = await self._lane.call("list containers", self._summaries)
        seen = [(one, from_summary(self._project, one)) for one in summaries]
        ended = [one["Id"] for one, replica in seen if replica is not None and has_ended(one)]
        await self._learn(ended)
        replicas = (
            from_summary(self._project, one, self._exits.get(one["Id"]))
            for one, replica in seen
            if replica is not None and (one["Id"] in self._exits or not has_ended(one))
        )
        return [replica for replica in replicas if replica is not None]

    async def _learn(self, ended: list[str]) -> None:
        """How they ended; nothing of those that have been removed meanwhile."""
        news = [engine_id for engine_id in ended if engine_id not in self._exits]
        found = await asyncio.gather(*map(self._exit, news))
        known = self._exits | {key: exit_ for key, exit_ in zip(news, found, strict=True) if exit_}
        self._exits = {key: known[key] for key in ended if key in known}

    async def _exit(self, engine_id: str) -> Exit | None:
        def inspect(client: docker.APIClient) -> Exit | None:
            try:
                return exit_of(client.inspect_container(engine_id))
            except NotFound:
                return None

        return await self._lane.call(f"inspect container {engine_id[:12]}", inspect)

    def _summaries(self, client: docker.APIClient) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = client.containers(
            all=True, filters=project_filter(self._project)
        )
        return found
