"""Removing all of a project: what carries its label, whoever made it."""

import asyncio
from typing import Any, Final

import docker
from docker.errors import APIError, NotFound

from orchestrator.engines.docker.ending import remove
from orchestrator.engines.docker.faults import explained
from orchestrator.engines.docker.identity import project_filter
from orchestrator.engines.docker.lane import Lane
from orchestrator.model.errors import EngineError

ROUNDS: Final = 3
"""A container may be made while others are being removed."""


async def destroy(lane: Lane, project: str) -> None:
    """Containers in parallel, then networks. Raises `EngineError` for what would not go."""
    for _ in range(ROUNDS):
        found = await lane.call("list containers", lambda client: _ids(client, project))
        if not found:
            break
        await asyncio.gather(*(_remove(lane, engine_id) for engine_id in found))
    await lane.call("remove networks", lambda client: _remove_networks(client, project))


async def _remove(lane: Lane, engine_id: str) -> None:
    await lane.call(f"remove container {engine_id[:12]}", lambda client: remove(client, engine_id))


def _ids(client: docker.APIClient, project: str) -> list[str]:
    found = client.containers(all=True, filters=project_filter(project))
    return [str(one["Id"]) for one in found]


def _remove_networks(client: docker.APIClient, project: str) -> None:
    for network in client.networks(filters=project_filter(project)):
        try:
            client.remove_network(network["Id"])
        except NotFound:
            continue
        except APIError as error:
            raise _in_use(client, network, error) from error


def _in_use(client: docker.APIClient, network: dict[str, Any], error: APIError) -> EngineError:
    users = client.inspect_network(network["Id"]).get("Containers") or {}
    names = ", ".join(sorted(str(one.get("Name")) for one in users.values()))
    why = f"containers that are not ours use it: {names}" if names else explained(error)
    return EngineError(
        f"cannot remove network {network['Name']}: {why}",
        remedy=f"disconnect them, then: docker network rm {network['Name']}",
    )
