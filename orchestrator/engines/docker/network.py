"""The project's network: replicas reach each other by service name, strangers do not."""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Mapping
from typing import Any

import docker
from docker.errors import APIError, NotFound

from orchestrator.engines.docker.identity import network_name
from orchestrator.engines.docker.lane import Lane
from orchestrator.model.errors import EngineError
from orchestrator.model.names import LABEL_PROJECT

CONFLICT = 409


class Network:
    """Made when the first replica starts. `writes` counts attempts to make it."""

    def __init__(self, project: str, lane: Lane) -> None:
        self.writes = 0
        self._project = project
        self._lane = lane
        self._lock = asyncio.Lock()
        self._reachable: bool | None = None

    async def ensure(self) -> bool:
        """See to it that it exists. Says whether containers on it are reached from here."""
        async with self._lock:
            if self._reachable is None:
                found = await self._lane.call("find the project's network", self._find)
                if found is None:
                    self.writes += 1
                    found = await self._lane.call("make the project's network", self._make)
                self._reachable = is_reachable(found)
            return self._reachable

    def doubt(self) -> None:
        """Look again before the next start: someone removed it."""
        self._reachable = None

    def _find(self, client: docker.APIClient) -> Mapping[str, Any] | None:
        """Ours by that name. Where several were made at once all agree on one, and take the others
        away: while there are two, no container can join either of them. It is the oldest, unless a
        container had joined a younger one before the oldest was there to see."""
        name = network_name(self._project)
        found = [one for one in client.networks(names=[name]) if one["Name"] == name]
        ours = [one for one in found if _project_of(one) == self._project]
        if found and not ours:
            raise EngineError(
                f"a network named {name} exists and is not ours",
                remedy=f"choose another --project, or remove it: docker network rm {name}",
            )
        if not ours:
            return None
        kept: Mapping[str, Any]
        kept, *others = sorted(ours, key=lambda one: (one["Created"], one["Id"]))
        for other in others:
            if _in_use(client, other):
                kept, other = other, kept
            _remove(client, other)
        return kept

    def _make(self, client: docker.APIClient) -> Mapping[str, Any]:
        name = network_name(self._project)
        labels = {LABEL_PROJECT: self._project}
        try:
            client.create_network(name, "bridge", labels=labels, check_duplicate=True)
        except APIError as error:
            if error.status_code != CONFLICT:
                raise
        found = self._find(client)
        if found is None:
            raise EngineError(f"the network {name} vanished as soon as it was made")
        return found


def _in_use(client: docker.APIClient, network: Mapping[str, Any]) -> bool:
    """Whether containers have joined it; no if it is gone."""
    try:
        return bool(client.inspect_network(network["Id"]).get("Containers"))
    except NotFound:
        return False


def _remove(client: docker.APIClient, network: Mapping[str, Any]) -> None:
    """If another instance has not, and nobody uses it."""
    with contextlib.suppress(APIError):
        client.remove_network(network["Id"])


def _project_of(network: Mapping[str, Any]) -> str:
    return str((network.get("Labels") or {}).get(LABEL_PROJECT, ""))


def is_reachable(network: Mapping[str, Any]) -> bool:
    """Whether this machine is the network's gateway: then the addresses of containers answer
    here. Not so for an engine elsewhere, in a virtual machine or in a network of its own."""
    if sys.platform != "linux":
        return False
    configs = (network.get("IPAM") or {}).get("Config") or []
    return any(_is_here(config["Gateway"]) for config in configs if config.get("Gateway"))


def _is_here(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address.partition("/")[0], 0))
        except OSError:
            return False
    return True
