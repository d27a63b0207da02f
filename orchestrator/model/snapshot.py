"""What the proxy routes: the whole of it, in one versioned value.

Plain dataclasses: the data plane reads them without pydantic.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final

DEFAULT_CONNECT_TIMEOUT_S: Final = 1.0
DEFAULT_RESPONSE_TIMEOUT_S: Final = 60.0
DEFAULT_IDLE_TIMEOUT_S: Final = 75.0
"""nginx keepalive_timeout."""


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
    def address(self) -> tuple[str, int]:
        """Where it takes requests."""
        return self.host, self.port

    @property
    def label(self) -> str:
        """What responses call the replica."""
        return self.name or self.id


@dataclass(frozen=True, slots=True)
class Balancing:
    """How requests are spread. `model.proxying.BalancingSpec` explains each field."""

    algorithm: str = "round_robin"
    """`round_robin`, `least_requests`, `random` or `consistent_hash`."""
    choices: int = 2
    hash_on: str = "source"
    """`source`, `header:NAME` or `cookie:NAME`."""
    hash_balance_percent: int = 125
    slow_start_s: float = 0.0
    zone: str = ""
    sticky_cookie: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker takes on for a service. `model.proxying.LimitSpec` explains each field."""

    max_connections: int = 10_000
    max_requests: int = 10_000
    concurrency: int = 0
    queue: int = 1_024
    queue_timeout_s: float = 5.0
    retry_percent: int = 20
    max_body_bytes: int = 0
    """Of a request; 0: no bound."""
    rate_per_s: float = 0.0
    """Requests of one client address; 0: no bound."""
    rate_burst: int = 1


@dataclass(frozen=True, slots=True)
class Outliers:
    """When a replica is ejected. `model.proxying.OutlierSpec` explains each field."""

    consecutive_failures: int = 5
    base_ejection_s: float = 5.0
    max_ejection_s: float = 300.0
    max_ejected_percent: int = 50
    panic_percent: int = 50


@dataclass(frozen=True, slots=True)
class HeaderRules:
    """What is changed of a head's lines: first those in `remove` go, then `set` replaces."""

    set: tuple[tuple[str, str], ...] = ()
    remove: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Redirect:
    """Requests for the path `prefix` and all below it are answered with `status`."""

    prefix: str
    to: str
    status: int = 308


@dataclass(frozen=True, slots=True)
class Listener:
    """Where a service's requests arrive and how they are spread.

    Several may have one address: their requests are told apart by host and path.
    """

    service: str
    host: str
    port: int
    endpoints: tuple[Endpoint, ...] = ()
    protocol: str = "http"
    """`http` or `tcp`."""
    proxy_protocol: str = "off"
    """`off`, `v1` or `v2`; for `tcp`."""
    certificate: str = ""
    """Path of a PEM file, key and certificate; clients speak TLS then. For `http`."""
    replica_header: bool = True
    """Whether responses name the replica that answered (`X-Replica`)."""
    access_log: str = "off"
    """`off`, `json` or `combined`."""
    connect_timeout_s: float = DEFAULT_CONNECT_TIMEOUT_S
    response_timeout_s: float = DEFAULT_RESPONSE_TIMEOUT_S
    """Longest silence of a replica, before its response and within it."""
    request_timeout_s: float = 0.0
    """For a whole request and its answer; 0: no bound."""
    idle_timeout_s: float = DEFAULT_IDLE_TIMEOUT_S
    """Of a client's connection between requests."""
    asleep: bool = False
    """The service has 0 replicas, or none yet after it had 0: requests wait for the first."""
    balancing: Balancing = Balancing()
    limits: Limits = Limits()
    outliers: Outliers = Outliers()
    hosts: tuple[str, ...] = ()
    """Of requests: names and `*.name`, in lower case; none: any."""
    path: str = "/"
    """A prefix in whole segments."""
    strip_prefix: bool = False
    """Whether the replica gets the path without it."""
    request_headers: HeaderRules = HeaderRules()
    response_headers: HeaderRules = HeaderRules()
    redirects: tuple[Redirect, ...] = ()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, perhaps not alone."""
        return self.host, self.port

    @property
    def routes(self) -> frozenset[tuple[str, str]]:
        """Host ("": any) and path of each route to it: no two listeners of an address share one."""
        return frozenset((host, self.path) for host in self.hosts or ("",))


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
    return Listener(
        **{
            **data,
            "hosts": tuple(data["hosts"]),
            "endpoints": tuple(Endpoint(**endpoint) for endpoint in data["endpoints"]),
            "balancing": Balancing(**data["balancing"]),
            "limits": Limits(**data["limits"]),
            "outliers": Outliers(**data["outliers"]),
            "request_headers": _header_rules(data["request_headers"]),
            "response_headers": _header_rules(data["response_headers"]),
            "redirects": tuple(Redirect(**redirect) for redirect in data["redirects"]),
        }
    )


def _header_rules(data: dict[str, Any]) -> HeaderRules:
    return HeaderRules(tuple((name, value) for name, value in data["set"]), tuple(data["remove"]))
