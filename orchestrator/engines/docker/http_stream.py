"""An answer of the engine that goes on: read in a thread, closed from any other."""

import contextlib
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import docker
import requests
from docker.errors import create_api_error_from_http_exception

from orchestrator.engines.docker.address import Dialer
from orchestrator.engines.docker.faults import translated
from orchestrator.model.errors import EngineError


class HttpStream:
    """`GET path`, chunk by chunk, on a client of its own. The head of the answer must come in
    time; after that silence may last."""

    def __init__(
        self, dialer: Dialer, what: str, path: str, params: Mapping[str, Any], timeout_s: float
    ) -> None:
        self._what = what
        self._url = dialer.url
        with translated(what, self._url):
            self._client = dialer.dial(timeout_s)
            try:
                self._response = _get(self._client, path, params, timeout_s)
            except BaseException:
                self._client.close()
                raise
        self._socket = _socket_of(self._response)
        self._socket.settimeout(None)

    def __iter__(self) -> Iterator[bytes]:
        with translated(self._what, self._url):
            yield from self._response.iter_content(None)

    def interrupt(self) -> None:
        """Whoever reads it sees the end, or an error."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """For the thread that reads it."""
        self.interrupt()
        self._response.close()
        self._socket.close()
        self._client.close()


def _socket_of(response: requests.Response) -> socket.socket:
    connection = response.raw.connection
    if connection is None or connection.sock is None:
        raise EngineError("the engine ended its answer before it began")
    found: socket.socket = connection.sock
    return found


def _get(
    client: docker.APIClient, path: str, params: Mapping[str, Any], timeout_s: float
) -> requests.Response:
    url = f"{client.base_url}/v{client.api_version}{path}"
    response = client.get(url, params=params, stream=True, timeout=timeout_s)
    try:
        response.raise_for_status()
    except requests.HTTPError as error:
        create_api_error_from_http_exception(error)
    return response
