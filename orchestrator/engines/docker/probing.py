"""Asking whether a Docker engine answers, and what it is."""

from dataclasses import dataclass
from typing import Any, Final

import docker

from orchestrator.engines.docker.address import Dialer, find
from orchestrator.engines.docker.lane import Lane
from orchestrator.engines.docker.network import is_reachable
from orchestrator.model.errors import EngineError, EngineUnavailableError

TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Found:
    """An engine that answers."""

    version: str
    api_version: str
    address: str
    local: bool
    """Whether the addresses of containers are reached from here; else through published ports."""

    def __str__(self) -> str:
        reach = "containers reached directly" if self.local else "through published ports"
        return f"Docker {self.version} (API {self.api_version}) at {self.address}, {reach}"


async def probe(base_url: str = "", timeout_s: float = TIMEOUT_S) -> Found:
    """The engine that would be used. Raises `EngineUnavailableError` with the remedy."""
    dialer = Dialer(base_url) if base_url else find()
    lane = Lane(dialer, threads=1, timeout_s=timeout_s)
    try:
        said = await lane.call("say its version", _ask)
    except EngineError as error:
        raise EngineUnavailableError(str(error), remedy=error.remedy) from error
    finally:
        lane.close()
    return Found(said["Version"], said["ApiVersion"], dialer.url, said["local"])


def _ask(client: docker.APIClient) -> dict[str, Any]:
    bridges = client.networks(filters={"driver": "bridge"})
    return {**client.version(), "local": any(map(is_reachable, bridges))}
