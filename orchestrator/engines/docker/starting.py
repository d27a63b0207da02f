"""Creating and starting one container: three calls, safe to repeat. All of it blocks."""

import contextlib
from collections.abc import Mapping
from typing import Any, Final

import docker
from docker.errors import APIError, NotFound

from orchestrator.engines.docker.faults import explained
from orchestrator.engines.docker.identity import container_name, network_name
from orchestrator.engines.docker.request import create_request
from orchestrator.engines.docker.sight import from_inspection
from orchestrator.model.errors import EngineError
from orchestrator.model.launch import EngineReplica, Launch

NAME_TAKEN: Final = 409


class NetworkLostError(EngineError):
    """The project's network was removed since it was last seen, or made twice just now."""


def start(
    client: docker.APIClient, project: str, launch: Launch, *, publish: bool
) -> EngineReplica:
    """Create and start, or finish what an earlier try began. What has run already is returned as
    it is, and never run again.

    Raises `EngineError` where the name belongs to a stranger or the container cannot start; then
    nothing is left of it.
    """
    name = container_name(project, launch.id)
    if not _create(client, name, create_request(project, launch, publish=publish)):
        found = client.inspect_container(name)
        replica = _ours(project, launch, found)
        if found["State"]["Status"] != "created":
            return replica
    _start(client, name, network_name(project))
    return _ours(project, launch, client.inspect_container(name))


def _create(client: docker.APIClient, name: str, request: Mapping[str, Any]) -> bool:
    """False: there is one of that name."""
    try:
        client.create_container_from_config(request, name)  # type: ignore[no-untyped-call]
    except APIError as error:
        if error.status_code != NAME_TAKEN:
            raise
        return False
    return True


def _start(client: docker.APIClient, name: str, network: str) -> None:
    try:
        client.start(name)
    except APIError as error:
        why = explained(error)
        if isinstance(error, NotFound) and "No such container" in why:
            raise
        with contextlib.suppress(APIError):
            client.remove_container(name, force=True, v=True)
        kind = NetworkLostError if network in why else EngineError
        raise kind(f"cannot start {name}: {why}") from error


def _ours(project: str, launch: Launch, found: Mapping[str, Any]) -> EngineReplica:
    replica = from_inspection(project, found)
    if replica is None or replica.id != launch.id:
        name = container_name(project, launch.id)
        raise EngineError(
            f"a container named {name} exists and is not ours",
            remedy=f"choose another --project, or remove it: docker rm -f {name}",
        )
    return replica
