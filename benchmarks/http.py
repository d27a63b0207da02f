"""Single blocking requests, for waiting until something answers."""

import http.client
import json
import socket
from typing import Any, Final

TIMEOUT_S: Final = 5.0
REPLICA_HEADER: Final = "X-Replica"


def answers(host: str, port: int, path: str = "/healthz") -> bool:
    """Whether a GET gets 200 now."""
    return get(host, port, path) is not None


def get(host: str, port: int, path: str = "/") -> tuple[str, bytes] | None:
    """Replica header and body of a 200; None when there is another answer or none."""
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return (response.headers.get(REPLICA_HEADER, ""), body) if response.status == 200 else None


def get_json(host: str, port: int, path: str) -> Any:
    """The body of a 200 as JSON, else None."""
    found = get(host, port, path)
    return json.loads(found[1]) if found else None


_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now, and another one at each call: the kernel
    gives a port anew as soon as it is free."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port
