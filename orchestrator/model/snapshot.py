"""What the proxy routes: the whole of it, in one versioned value.

Plain dataclasses: the data plane reads them without pydantic.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

DEFAULT_CONNECT_TIMEOUT_S: Final = 1.0
DEFAULT_RESPONSE_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address that takes requests.

    `id` names one attempt of a replica and is never used again for another address.
    `name` is what people call the replica (`web-2`); `weight` is its share, from 1.
    """

    id: str
    host: str
    port: int
    weight: int = 1
    node: str = ""
    zone: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """What responses call the replica."""
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class Listener:
    """One listening socket, the service behind it and how requests are spread."""

    service: str
    host: str
    port: int
    endpoints: tuple[Endpoint, ...] = ()
    algorithm: str = "round_robin"
    replica_header: bool = True
    """Whether responses name the replica that answered (`X-Replica`)."""
    connect_timeout_s: float = DEFAULT_CONNECT_TIMEOUT_S
    response_timeout_s: float = DEFAULT_RESPONSE_TIMEOUT_S
    """Longest silence of a replica, before its response and within it."""

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens: the identity of a listener."""
        return self.host, self.port


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All listeners and their endpoints. A worker applies it as a whole or not at all."""

    version: int
    listeners: tuple[Listener, ...] = ()

    @property
    def endpoint_ids(self) -> frozenset[str]:
        """Every endpoint that takes new requests."""
        return frozenset(e.id for listener in self.listeners for e in listener.endpoints)

    def to_json(self) -> str:
        """One line of JSON; `from_json` reads it back."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Snapshot":
        """The snapshot `to_json` wrote. Raises `ValueError`."""
        try:
            data = json.loads(text)
            return cls(int(data["version"]), tuple(_listener(item) for item in data["listeners"]))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a snapshot: {error!r}") from error


def _listener(data: dict[str, Any]) -> Listener:
    endpoints = tuple(Endpoint(**endpoint) for endpoint in data["endpoints"])
    return Listener(**{**data, "endpoints": endpoints})
