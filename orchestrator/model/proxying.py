"""How the load balancer in front of a service spreads, bounds and repeats requests.

Names and defaults as in Envoy, HAProxy, nginx and Kubernetes. Field aliases are the manifest's
spelling; attribute names carry the unit.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from orchestrator.model.errors import Fault, SpecError
from orchestrator.model.headers import (
    RedirectSpec,
    RequestHeadersSpec,
    ResponseHeadersSpec,
    redirect_faults,
)
from orchestrator.model.scalars import (
    CookieName,
    Count,
    Duration,
    HashKey,
    HostName,
    Memory,
    Name,
    PathPrefix,
    Port,
    Revision,
)
from orchestrator.model.sections import Spec

Weight = Annotated[Count, Field(ge=1, le=100)]

LOCAL_DOMAINS: Final = ("localhost", "test", "example", "internal", "local", "home.arpa")
"""Names below these are never anybody's on the Internet (RFC 6761, 6762, 8375, ICANN's .internal).
A CA that a system trusts could speak for any site: the local one speaks for no others."""


def is_local(name: str) -> bool:
    """Whether the local CA may speak for a host name."""
    return any(name == domain or name.endswith(f".{domain}") for domain in LOCAL_DOMAINS)


class BalancingSpec(Spec):
    """Which replica takes the next request, beside `algorithm`."""

    choices: Count = Field(
        2,
        ge=2,
        le=1_000,
        description="least_requests: of how many random replicas the idlest is taken;"
        " as many as there are replicas, or more: the idlest of all.",
    )
    hash_on: HashKey = Field(
        "source",
        alias="hashOn",
        description="consistent_hash: source (the client's address), header:NAME or cookie:NAME.",
    )
    hash_balance_percent: Count = Field(
        125,
        alias="hashBalance",
        ge=100,
        le=10_000,
        description="consistent_hash: no replica has more than this many percent of the average"
        " load; what is over goes to the next on the ring.",
    )
    slow_start_s: Duration = Field(
        0.0,
        alias="slowStart",
        description="A new replica's share grows from a tenth to the whole over this time.",
    )
    zone: Name | None = Field(
        None, description="Prefer replicas in this zone, as long as it has ready ones."
    )
    sticky_cookie: CookieName | None = Field(
        None,
        alias="stickyCookie",
        description="Name of a cookie that keeps a client on its replica while that is ready.",
    )
    weights: dict[Revision, Weight] = Field(
        default_factory=dict,
        description="Shares of a replica by its revision, as `orch ps -o wide` shows it;"
        " 1 for revisions that are not named.",
    )


class OutlierSpec(Spec):
    """Ejects a replica that goes on failing requests, for a while."""

    consecutive_failures: Count = Field(
        5,
        alias="consecutiveFailures",
        ge=0,
        description="5xx answers, resets and time-outs in a row; 0 turns ejection off.",
    )
    base_ejection_s: Duration = Field(
        5.0, alias="baseEjection", gt=0, description="For the first time; n times that for the nth."
    )
    max_ejection_s: Duration = Field(300.0, alias="maxEjection", gt=0)
    max_ejected_percent: Count = Field(
        50, alias="maxEjected", ge=0, le=100, description="Of the replicas, rounded up to one."
    )
    panic_percent: Count = Field(
        50,
        alias="panic",
        ge=0,
        le=100,
        description="With fewer of them left, ejections are ignored: all take requests.",
    )


class LimitSpec(Spec):
    """What a service takes on, in each proxy worker. Beyond it: 503 with Retry-After."""

    max_connections: Count = Field(
        10_000, alias="maxConnections", ge=1, description="Of clients, open at a time."
    )
    max_requests: Count = Field(
        10_000, alias="maxRequests", ge=1, description="In flight at a time."
    )
    concurrency: Count = Field(
        0, ge=0, description="Requests in flight on one replica at a time; 0: no bound."
    )
    queue: Count = Field(
        1_024, ge=0, description="Requests that may wait for a replica to have room."
    )
    queue_timeout_s: Duration = Field(
        5.0, alias="queueTimeout", gt=0, description="How long a request may wait there."
    )
    retry_percent: Count = Field(
        20,
        alias="retryBudget",
        ge=0,
        le=100,
        description="Retries in flight, in percent of the requests in flight (3 are always"
        " allowed): a failing service is not buried in retries.",
    )
    max_body_bytes: Memory | None = Field(
        None, alias="maxBody", gt=0, description="Of a request; a longer one is refused with 413."
    )


class RateSpec(Spec):
    """A token bucket for each client address. Beyond it: 429 with Retry-After."""

    per_second: float = Field(alias="perSecond", gt=0, le=1e6)
    burst: Count = Field(
        1, ge=1, le=1_000_000, description="Requests that may come at once after a pause."
    )


class ProxySpec(Spec):
    """The load balancer in front of a service."""

    listen: Port = Field(description="The port to send requests to.")
    host: Literal["127.0.0.1", "0.0.0.0", "::1", "localhost"] = Field(  # noqa: S104
        "127.0.0.1", description="The address to listen on; 0.0.0.0 opens it to the network."
    )
    hosts: tuple[HostName, ...] = Field(
        (),
        description="Of requests for this service, where others listen on the same port: names,"
        " or *.NAME for all below it; none: any.",
    )
    path: PathPrefix = Field(
        "/", description="What the path of requests for this service begins with: whole segments."
    )
    strip_prefix: bool = Field(
        False,
        alias="stripPrefix",
        description="Replicas get the path without that, and X-Forwarded-Prefix.",
    )
    protocol: Literal["http", "tcp"] = Field(
        "http", description="tcp: connections are passed on, whatever is in them."
    )
    tls: bool = Field(
        False, description="http: speak HTTPS with a certificate of the local CA (orch trust)."
    )
    proxy_protocol: Literal["off", "v1", "v2"] = Field(
        "off",
        alias="proxyProtocol",
        description="tcp: tell the replica the client's address, as HAProxy's send-proxy does.",
    )
    algorithm: Literal["round_robin", "least_requests", "random", "consistent_hash"] = "round_robin"
    balancing: BalancingSpec = BalancingSpec()
    replica_header: bool = Field(
        True, alias="replicaHeader", description="Name the replica in a response header."
    )
    access_log: Literal["off", "json", "combined"] = Field(
        "off", alias="accessLog", description="A line for each request."
    )
    connect_timeout_s: Duration = Field(
        1.0, alias="connectTimeout", gt=0, description="To connect to a replica."
    )
    response_timeout_s: Duration = Field(
        60.0,
        alias="responseTimeout",
        gt=0,
        description="The longest silence of a replica, before its answer and within it.",
    )
    request_timeout_s: Duration = Field(
        0.0, alias="requestTimeout", description="For a whole request and its answer; 0: no bound."
    )
    idle_timeout_s: Duration = Field(
        75.0,
        alias="idleTimeout",
        gt=0,
        description="A client's connection without a request; tcp: without a byte.",
    )
    drain_timeout_s: Duration | None = Field(
        None, alias="drainTimeout", description="For requests in flight when a replica leaves."
    )
    limits: LimitSpec = LimitSpec()
    outliers: OutlierSpec = OutlierSpec()
    rate_limit: RateSpec | None = Field(None, alias="rateLimit")
    request_headers: RequestHeadersSpec = Field(RequestHeadersSpec(), alias="requestHeaders")
    response_headers: ResponseHeadersSpec = Field(ResponseHeadersSpec(), alias="responseHeaders")
    redirects: tuple[RedirectSpec, ...] = Field(
        (), description="Answered by the proxy itself; the longest path that fits decides."
    )

    @model_validator(mode="after")
    def _fits_protocol(self) -> Self:
        faults = redirect_faults(self.redirects)
        if self.protocol == "tcp":
            faults += self._about_requests()
            if self.tls:
                message = "is for protocol: http; tcp passes on whatever TLS the replica speaks"
                faults.append(Fault(message, "leave it out", "tls"))
            if self.algorithm == "consistent_hash" and self.balancing.hash_on != "source":
                remedy = "hashOn: source"
                faults.append(Fault("a connection has no headers", remedy, "balancing.hashOn"))
            if self.balancing.sticky_cookie:
                remedy = "leave it out"
                faults.append(
                    Fault("a connection has no cookies", remedy, "balancing.stickyCookie")
                )
            if self.hosts or self.path != "/":
                field = "hosts" if self.hosts else "path"
                remedy = "leave it out, and give the service a port of its own"
                faults.append(Fault("a connection has no host and no path", remedy, field))
        elif self.proxy_protocol != "off":
            message = "is for protocol: tcp; HTTP replicas read X-Forwarded-For"
            faults.append(Fault(message, "leave it out", "proxyProtocol"))
        for number, name in enumerate(self.hosts if self.tls else ()):
            if not is_local(name):
                message = f"the local CA has no certificate for {name}"
                remedy = f"use a name below {', '.join(LOCAL_DOMAINS)}, or tls: false"
                faults.append(Fault(message, remedy, f"hosts.{number}"))
        if self.strip_prefix and self.path == "/":
            message = "there is no prefix: path is /"
            faults.append(Fault(message, "set path, such as /api", "stripPrefix"))
        if faults:
            raise SpecError(*faults)
        return self

    def _about_requests(self) -> list[Fault]:
        """What bounds or changes requests, where there are only connections."""
        plain = LimitSpec()
        given = {
            "requestTimeout": self.request_timeout_s > 0,
            "accessLog": self.access_log != "off",
            "limits.maxRequests": self.limits.max_requests != plain.max_requests,
            "limits.queue": self.limits.queue != plain.queue,
            "limits.queueTimeout": self.limits.queue_timeout_s != plain.queue_timeout_s,
            "limits.retryBudget": self.limits.retry_percent != plain.retry_percent,
            "limits.maxBody": self.limits.max_body_bytes != plain.max_body_bytes,
            "requestHeaders": self.request_headers != RequestHeadersSpec(),
            "responseHeaders": self.response_headers != ResponseHeadersSpec(),
            "redirects": bool(self.redirects),
        }
        message = "is about requests; protocol: tcp knows only connections"
        return [Fault(message, "leave it out", path) for path, is_set in given.items() if is_set]
