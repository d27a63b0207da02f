"""From a service's manifest and its ready replicas to what the proxy is told."""

from collections.abc import Sequence

from orchestrator.core.endpoints import Routable
from orchestrator.model.headers import RequestHeadersSpec, ResponseHeadersSpec
from orchestrator.model.proxying import LimitSpec, OutlierSpec, ProxySpec, RateSpec
from orchestrator.model.snapshot import (
    Balancing,
    Endpoint,
    HeaderRules,
    Limits,
    Listener,
    Outliers,
    Redirect,
)


def listener_of(
    service: str,
    spec: ProxySpec,
    ready: Sequence[Routable],
    *,
    certificate: str = "",
    asleep: bool = False,
) -> Listener:
    """The listener of one service, with an endpoint for each ready replica.

    `certificate`: the project's, a path; shown where the manifest says so. `asleep`: requests wait
    for a first replica.
    """
    return Listener(
        service=service,
        host="127.0.0.1" if spec.host == "localhost" else spec.host,
        port=spec.listen,
        endpoints=tuple(_endpoint(replica, spec) for replica in ready),
        hosts=spec.hosts,
        path=spec.path,
        strip_prefix=spec.strip_prefix,
        protocol=spec.protocol,
        proxy_protocol=spec.proxy_protocol,
        certificate=certificate if spec.tls else "",
        replica_header=spec.replica_header,
        access_log=spec.access_log,
        connect_timeout_s=spec.connect_timeout_s,
        response_timeout_s=spec.response_timeout_s,
        request_timeout_s=spec.request_timeout_s,
        idle_timeout_s=spec.idle_timeout_s,
        asleep=asleep,
        balancing=_balancing(spec),
        limits=_limits(spec.limits, spec.rate_limit),
        outliers=_outliers(spec.outliers),
        request_headers=_header_rules(spec.request_headers),
        response_headers=_header_rules(spec.response_headers),
        redirects=tuple(Redirect(one.from_, one.to, one.status) for one in spec.redirects),
    )


def _header_rules(spec: RequestHeadersSpec | ResponseHeadersSpec) -> HeaderRules:
    return HeaderRules(tuple(spec.set.items()), spec.remove)


def _endpoint(replica: Routable, spec: ProxySpec) -> Endpoint:
    return Endpoint(
        id=str(replica.id),
        host=replica.endpoint.host,
        port=replica.endpoint.port,
        node=replica.node,
        zone=replica.zone,
        name=replica.id.name,
        weight=spec.balancing.weights.get(replica.revision, 1),
    )


def _balancing(spec: ProxySpec) -> Balancing:
    more = spec.balancing
    return Balancing(
        algorithm=spec.algorithm,
        choices=more.choices,
        hash_on=more.hash_on,
        hash_balance_percent=more.hash_balance_percent,
        slow_start_s=more.slow_start_s,
        zone=more.zone or "",
        sticky_cookie=more.sticky_cookie or "",
    )


def _limits(limits: LimitSpec, rate: RateSpec | None) -> Limits:
    return Limits(
        max_connections=limits.max_connections,
        max_requests=limits.max_requests,
        concurrency=limits.concurrency,
        queue=limits.queue,
        queue_timeout_s=limits.queue_timeout_s,
        retry_percent=limits.retry_percent,
        max_body_bytes=limits.max_body_bytes or 0,
        rate_per_s=rate.per_second if rate else 0.0,
        rate_burst=rate.burst if rate else 1,
    )


def _outliers(spec: OutlierSpec) -> Outliers:
    return Outliers(
        consecutive_failures=spec.consecutive_failures,
        base_ejection_s=spec.base_ejection_s,
        max_ejection_s=spec.max_ejection_s,
        max_ejected_percent=spec.max_ejected_percent,
        panic_percent=spec.panic_percent,
    )
