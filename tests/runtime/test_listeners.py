"""What the proxy is told is what the manifest says, and the defaults of both are the same."""

import pytest

from orchestrator.model.proxying import ProxySpec
from orchestrator.model.snapshot import HeaderRules, Listener, Redirect, Snapshot
from orchestrator.runtime.listeners import listener_of
from orchestrator.runtime.queries import address_of


def test_the_defaults_of_manifest_and_data_plane_agree() -> None:
    assert listener_of("web", ProxySpec(listen=80), ()) == Listener("web", "127.0.0.1", 80)


def test_routes_arrive() -> None:
    given = {"listen": 80, "hosts": ["A.test", "*.b"], "path": "/api/", "stripPrefix": True}
    told = listener_of("web", ProxySpec.model_validate(given), ())
    assert Snapshot.from_json(Snapshot(1, (told,)).to_json()).listeners == (told,)
    assert (told.hosts, told.path, told.strip_prefix) == (("a.test", "*.b"), "/api", True)
    assert told.routes == {("a.test", "/api"), ("*.b", "/api")}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({"host": "0.0.0.0"}, "http://0.0.0.0:80"),
        ({"host": "::1", "path": "/api/"}, "http://[::1]:80/api"),
        ({"hosts": ["*.a.test", "a.test", "b.test"], "path": "/x"}, "http://a.test:80/x"),
        ({"hosts": ["*.a.test"]}, "http://*.a.test:80"),
        ({"protocol": "tcp"}, "tcp://127.0.0.1:80"),
    ],
)
def test_people_are_shown_the_url_to_open(given: dict[str, object], url: str) -> None:
    assert address_of(ProxySpec.model_validate({"listen": 80, **given})) == url


def test_header_rules_and_redirects_arrive() -> None:
    spec = ProxySpec.model_validate(
        {
            "listen": 80,
            "requestHeaders": {"set": {"X-Env": "dev", "X-Level": 1}, "remove": ["Cookie"]},
            "responseHeaders": {"remove": ["Server"]},
            "redirects": [{"from": "/old", "to": "https://example.org/new", "status": 301}],
        }
    )
    told = listener_of("web", spec, ())
    assert told.request_headers == HeaderRules((("X-Env", "dev"), ("X-Level", "1")), ("Cookie",))
    assert told.response_headers == HeaderRules((), ("Server",))
    assert told.redirects == (Redirect("/old", "https://example.org/new", 301),)
    assert Snapshot.from_json(Snapshot(1, (told,)).to_json()).listeners == (told,)


def test_every_field_arrives() -> None:
    spec = ProxySpec.model_validate(
        {
            "listen": 5432, "host": "0.0.0.0",
            "algorithm": "least_requests", "replicaHeader": False, "accessLog": "json",
            "connectTimeout": 2, "responseTimeout": 3, "requestTimeout": 4, "idleTimeout": 5,
            "balancing": {"choices": 3, "slowStart": 6, "zone": "a", "hashBalance": 150},
            "limits": {
                "maxConnections": 7, "maxRequests": 8, "concurrency": 9, "queue": 10,
                "queueTimeout": 11, "retryBudget": 12, "maxBody": "13Ki",
            },
            "outliers": {
                "consecutiveFailures": 13, "baseEjection": 14, "maxEjection": 15,
                "maxEjected": 16, "panic": 17,
            },
            "rateLimit": {"perSecond": 18, "burst": 19},
        }
    )  # fmt: skip
    told = listener_of("db", spec, ())
    assert Snapshot.from_json(Snapshot(1, (told,)).to_json()).listeners == (told,)
    assert (told.protocol, told.proxy_protocol, told.host) == ("http", "off", "0.0.0.0")
    assert (told.connect_timeout_s, told.response_timeout_s) == (2, 3)
    assert (told.request_timeout_s, told.idle_timeout_s, told.access_log) == (4, 5, "json")
    balancing, limits, outliers = told.balancing, told.limits, told.outliers
    assert (balancing.algorithm, balancing.choices) == ("least_requests", 3)
    assert (balancing.slow_start_s, balancing.zone) == (6, "a")
    assert balancing.hash_balance_percent == 150
    assert (limits.max_connections, limits.max_requests, limits.concurrency) == (7, 8, 9)
    assert (limits.queue, limits.queue_timeout_s, limits.retry_percent) == (10, 11, 12)
    assert limits.max_body_bytes == 13 * 1024
    assert (limits.rate_per_s, limits.rate_burst) == (18, 19)
    assert (outliers.consecutive_failures, outliers.base_ejection_s) == (13, 14)
    assert (outliers.max_ejection_s, outliers.max_ejected_percent) == (15, 16)
    assert outliers.panic_percent == 17


def test_a_certificate_is_for_services_that_want_it() -> None:
    secure, plain = ProxySpec(listen=443, tls=True), ProxySpec(listen=80)
    assert listener_of("web", secure, (), certificate="/a.pem").certificate == "/a.pem"
    assert listener_of("web", plain, (), certificate="/a.pem").certificate == ""


def test_the_fields_of_tcp_arrive() -> None:
    given = {"listen": 5432, "protocol": "tcp", "proxyProtocol": "v2", "limits": {"concurrency": 9}}
    told = listener_of("db", ProxySpec.model_validate(given), ())
    assert (told.protocol, told.proxy_protocol, told.limits.concurrency) == ("tcp", "v2", 9)
