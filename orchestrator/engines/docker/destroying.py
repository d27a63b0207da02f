"""Removing all of a project: what carries its label, whoever made it."""

import asyncio
import contextlib
from typing import Any, Final

import docker
from docker.errors import APIError, NotFound

from orchestrator.engines.docker.ending import remove
from orchestrator.engines.docker.faults import explained
from orchestrator.engines.docker.identity import network_name, project_filter
from orchestrator.engines.docker.lane import Lane
from orchestrator.model.errors import EngineError

ROUNDS: Final = 10
"""A container may be made, or its removal still go on, while others are being removed."""
PAUSE_S: Final = 0.2


async def destroy(lane: Lane, project: str) -> None:
    """Containers in parallel, then networks. Raises `EngineError` for what would not go.

    Containers leave their network one after the other, before they are removed: engines lose
    count of a network's users when many leave at once, and then refuse to remove it
    (moby/moby#42119).
    """
    for left in reversed(range(ROUNDS)):
        found = await lane.call("list containers", lambda client: _ids(client, project))
        for engine_id in found:
            await _disconnect(lane, engine_id, network_name(project))
        await asyncio.gather(*(_remove(lane, engine_id) for engine_id in found))
        refused = await lane.call(
            "remove networks", lambda client: _remove_networks(client, project)
        )
        if not found and not refused:
            return
        if refused and not left:
            raise refused
        await asyncio.sleep(PAUSE_S if refused else 0)


async def _disconnect(lane: Lane, engine_id: str, network: str) -> None:
    def disconnect(client: docker.APIClient) -> None:
        with contextlib.suppress(APIError):  # it is on no network, gone, or was never started
            client.disconnect_container_from_network(engine_id, network, force=True)

    await lane.call(f"disconnect container {engine_id[:12]}", disconnect)


async def _remove(lane: Lane, engine_id: str) -> None:
    await lane.call(f"remove container {engine_id[:12]}", lambda client: remove(client, engine_id))


def _ids(client: docker.APIClient, project: str) -> list[str]:
    found = client.containers(all=True, filters=project_filter(project))
    return [str(one["Id"]) for one in found]


def _remove_networks(client: docker.APIClient, project: str) -> EngineError | None:
    """What was refused, if anything."""
    refused = None
    for network in client.networks(filters=project_filter(project)):
        try:
            client.remove_network(network["Id"])
        except NotFound:
            continue
        except APIError as error:
            refused = _refusal(client, network, error)
    return refused


def _refusal(client: docker.APIClient, network: dict[str, Any], error: APIError) -> EngineError:
    name = network["Name"]
    users = client.inspect_network(network["Id"]).get("Containers") or {}
    names = ", ".join(sorted(str(one.get("Name")) for one in users.values()))
    if names:
        why, remedy = f"containers that are not ours use it: {names}", "disconnect them"
    else:
        why, remedy = explained(error), "if nothing uses it, restart the engine"
    return EngineError(
        f"cannot remove network {name}: {why}", remedy=f"{remedy}, then: docker network rm {name}"
    )
