"""Where the Docker engine is: what the docker command would use, too."""

import os
import socket
from dataclasses import dataclass
from typing import Any, Final

import docker
from docker.context import ContextAPI
from docker.errors import DockerException
from docker.tls import TLSConfig
from docker.utils import kwargs_from_env

from orchestrator.model.errors import EngineUnavailableError

DEFAULT: Final = "unix:///var/run/docker.sock"


@dataclass(frozen=True, slots=True)
class Dialer:
    """Makes docker-py clients for one engine."""

    url: str = DEFAULT
    tls: TLSConfig | None = None

    @property
    def on_socket(self) -> bool:
        """Whether it is reached through a Unix socket of this machine."""
        return self.url.startswith(("unix://", "http+unix://"))

    def dial(self, timeout_s: float, connections: int = 1) -> docker.APIClient:
        """A new client, which asks for the API's version first. `timeout_s` bounds the connect and
        each silence after it."""
        if self.on_socket:
            _knock(self.url.partition("://")[2], timeout_s)
        client = docker.APIClient(
            base_url=self.url,
            tls=self.tls or False,
            version="auto",
            timeout=timeout_s,  # type: ignore[arg-type]  # handed to requests, which takes floats
            max_pool_size=connections,
        )
        if self.on_socket:
            _share_connections(client)
        # Proxies and .netrc are looked up for every request otherwise.
        client.trust_env = not self.on_socket
        return client


def find() -> Dialer:
    """$DOCKER_HOST (and its fellows), else the docker command's current context."""
    try:
        found = kwargs_from_env() if os.environ.get("DOCKER_HOST") else _of_context()
    except (DockerException, OSError) as error:
        raise EngineUnavailableError(
            f"the settings of the docker command cannot be used: {error}",
            remedy="check DOCKER_HOST, DOCKER_CERT_PATH and `docker context ls`",
        ) from error
    return Dialer(found.get("base_url") or DEFAULT, found.get("tls"))


def _share_connections(client: docker.APIClient) -> None:
    """docker-py keeps connections for each URL, and with them some for containers long gone: 25
    descriptors for each client. Here all URLs share one pool."""
    adapter: Any = client.get_adapter(client.base_url)
    of_url = adapter.get_connection
    adapter.get_connection = lambda _url, proxies=None: of_url(client.base_url, proxies)


def _knock(path: str, timeout_s: float) -> None:
    """Raises the `OSError` that says why nobody answers; docker-py leaks a socket over it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(timeout_s)
        probe.connect(path)


def _of_context() -> dict[str, Any]:
    context = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT"))
    if context is None or context.Name == "default":
        return {}
    return {"base_url": context.Host, "tls": context.TLSConfig}
