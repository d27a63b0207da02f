"""Numbers of real traffic, as Prometheus and as the API tell them."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from orchestrator.api.metrics import proxy_metrics
from orchestrator.model.views import ReplicaStatsView, ServiceStatsView, StatsView
from tests.api.conftest import Api, problem
from tests.support.rig import settle
from tests.support.wait import eventually_async

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUESTS = 12
ROOT = Path(__file__).parents[2]


async def busy(api: Api) -> None:
    """Two ready replicas of `web` that have had requests, and one of `job` without a port."""
    await api.apply(api.rig.service(replicas=2), api.rig.worker("job", replicas=1))

    async def ready() -> bool:
        views = await api.get("/v1/services")
        return [(one["name"], one["status"]) for one in views] == [
            ("job", "Ready"), ("web", "Ready"),
        ]  # fmt: skip

    await eventually_async(ready)
    await send(api, REQUESTS)


async def send(api: Api, count: int) -> None:
    url = f"http://127.0.0.1:{api.rig.port}/"
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=10) as client:
        for _ in range(count):
            assert (await client.get(url)).status_code == 200


async def scraped(api: Api) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Samples by name and labels."""
    answer = await api.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    samples = [
        sample
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    ]
    found = {(s.name, frozenset(s.labels.items())): s.value for s in samples}
    assert len(found) == len(samples), "no sample twice"
    return found


def of(samples: dict[Any, float], name: str, **labels: str) -> float:
    """The sum over what the labels leave open."""
    return sum(
        value
        for (found, having), value in samples.items()
        if found == name and labels.items() <= having
    )


async def test_requests_as_prometheus_sees_them(shared: Api) -> None:
    before = await scraped(shared)
    await busy(shared)
    samples = await scraped(shared)

    def grown(name: str, **labels: str) -> float:
        return of(samples, name, **labels) - of(before, name, **labels)

    assert grown("orch_requests_total", service="web", code="2xx") == REQUESTS
    for replica in ("web-1", "web-2"):
        half = grown("orch_requests_total", service="web", replica=replica, code="2xx")
        assert half == REQUESTS / 2
        name = "orch_upstream_request_duration_seconds_count"
        assert grown(name, service="web", replica=replica) == REQUESTS / 2
        assert grown("orch_upstream_connect_seconds_count", replica=replica) >= 1
    assert grown("orch_request_duration_seconds_count", service="web") == REQUESTS
    assert 0 < grown("orch_request_duration_seconds_sum", service="web") < 10 * REQUESTS
    assert grown("orch_sent_bytes_total", service="web") > 50 * REQUESTS
    assert of(samples, "orch_requests_in_flight", service="web") == 0


async def test_a_histogram_is_one(shared: Api) -> None:
    """Cumulative, up to +Inf, which is the count."""
    await busy(shared)
    samples = await scraped(shared)
    buckets = sorted(
        (float(dict(labels)["le"]), count)
        for (name, labels), count in samples.items()
        if name == "orch_request_duration_seconds_bucket" and ("service", "web") in labels
    )
    counts = [count for _, count in buckets]
    assert counts == sorted(counts)
    assert buckets[-1] == (
        float("inf"), of(samples, "orch_request_duration_seconds_count", service="web"),
    )  # fmt: skip


async def test_what_the_proxy_answers_has_no_replica(shared: Api) -> None:
    await busy(shared)
    before = await scraped(shared)
    labels = {"service": "web", "replica": "", "code": "4xx"}
    url = f"http://127.0.0.1:{shared.rig.port}/"
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=10) as client:
        assert (await client.get(url, headers={"under_score": "1"})).status_code == 400
    after = await scraped(shared)
    assert of(after, "orch_requests_total", **labels) == 1 + of(
        before, "orch_requests_total", **labels
    )


async def test_the_cluster_as_prometheus_sees_it(shared: Api) -> None:
    await busy(shared)
    samples = await scraped(shared)
    assert of(samples, "orch_replicas", service="web", status="Ready") == 2
    assert of(samples, "orch_replicas_desired", service="job") == 1
    assert of(samples, "orch_node_cpu_requested_cores", node="local") == pytest.approx(0.03)
    assert of(samples, "orch_node_memory_requested_bytes") == 3 * 8 * 2**20
    assert of(samples, "orch_node_cpu_capacity_cores") > 0
    assert of(samples, "orch_info", engine="process") == 1


async def test_attempts_of_a_replica_are_one_replica() -> None:
    """Also where a name has hyphens; ejections are told where they are counted."""
    endpoints = {
        "my-app-10.1": {"responses": {"2xx": 2}, "in_flight": 1, "ejections": 3},
        "my-app-10.2": {"responses": {"2xx": 5}, "in_flight": 1},
    }
    families = {one.name: one for one in proxy_metrics({"services": {}, "endpoints": endpoints})}
    replica = {"service": "my-app", "replica": "my-app-10"}
    for name, value in (("orch_requests_in_flight", 2), ("orch_ejections", 3)):
        (sample,) = families[name].samples
        assert (sample.labels, sample.value) == (replica, value)
    (answered,) = families["orch_requests"].samples
    assert (answered.labels, answered.value) == (replica | {"code": "2xx"}, 7)


async def test_openmetrics_on_demand(shared: Api) -> None:
    """Validated by the stricter parser."""
    await busy(shared)
    accept = "application/openmetrics-text; version=1.0.0"
    answer = await shared.client.get("/metrics", headers={"Accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = parse_openmetrics(answer.text)  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert {"orch_requests", "orch_request_duration_seconds", "orch_replicas"} <= names


def assert_fields(found: dict[str, Any], view: type[Any]) -> None:
    assert set(found) == set(view.model_fields)


async def test_stats_tell_of_the_last_moment(shared: Api) -> None:
    await busy(shared)
    first = await shared.get("/v1/stats", window=0.1)
    earlier = await shared.get("/v1/services/web/durations")
    await send(shared, 40)
    stats = await shared.get("/v1/stats", window=0.1)
    assert_fields(stats, StatsView)
    later = await shared.get("/v1/services/web/durations")
    assert sum(later["buckets"].values()) - sum(earlier["buckets"].values()) == 40
    assert [one["name"] for one in stats["services"]] == ["job", "web"]
    job, web = stats["services"]
    assert_fields(web, ServiceStatsView)
    assert web["requests"] - first["services"][1]["requests"] == 40
    assert [one["name"] for one in web["replicas"]] == ["web-1", "web-2"]
    for one in web["replicas"]:
        assert_fields(one, ReplicaStatsView)
        assert one["memory_bytes"] > 0
        assert one["cpu_millicores"] >= 0
    assert web["memory_bytes"] == sum(one["memory_bytes"] for one in web["replicas"])
    assert (job["requests"], job["p50_s"], job["in_flight"]) == (0, None, 0)
    assert job["memory_bytes"] > 0


async def test_rates_are_requests_over_seconds(shared: Api) -> None:
    """The window begins with the question before, so it has all of what was sent since."""
    await busy(shared)
    before = (await shared.get("/v1/stats", window=0.1, service="web"))["services"][0]
    await send(shared, 40)

    async def seen() -> bool:
        # Until the window that is reported has the requests in it, however slow the machine.
        stats = await shared.get("/v1/stats", window=0.1, service="web")
        (web,) = stats["services"]
        if not web["requests_per_s"]:
            await send(shared, 40)
            return False
        counted = web["requests_per_s"] * stats["seconds"]
        assert counted == pytest.approx(round(counted))
        assert 0 < counted <= web["requests"] - before["requests"] + REQUESTS
        assert 0 < web["p50_s"] <= web["p90_s"] <= web["p99_s"] <= web["p999_s"]
        assert web["bytes_out_per_s"] > web["requests_per_s"] * 50
        return True

    await eventually_async(seen)


async def test_stats_of_nothing(shared: Api) -> None:
    problem(await shared.client.get("/v1/stats", params={"service": "nope"}), 404)
    problem(await shared.client.get("/v1/services/nope/durations"), 404)
    assert await shared.get("/v1/services/job/durations") == {"sum_s": 0, "buckets": {}}
    for window in ("0", "-1", "nan", "inf", "61"):
        problem(await shared.client.get("/v1/stats", params={"window": window}), 422)


async def test_failures_are_rates_too(shared: Api) -> None:
    """Also those of the proxy itself: a service without a replica, for which nobody may wait."""
    await busy(shared)
    proxy = {"listen": shared.rig.port, "limits": {"queue": 0}}
    await shared.apply(shared.rig.service(replicas=0, proxy=proxy))
    await settle(shared.served.controller)
    await shared.get("/v1/stats", window=0.1)
    url = f"http://127.0.0.1:{shared.rig.port}/"

    async def failing() -> bool:
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=10) as client:
            assert (await client.get(url)).status_code == 503
        (web,) = (await shared.get("/v1/stats", window=0.1, service="web"))["services"]
        return bool(web["error_ratio"] == 1.0 and web["errors_per_s"] == web["requests_per_s"])

    await eventually_async(failing)


async def test_what_replicas_use(shared: Api) -> None:
    await busy(shared)
    samples = await scraped(shared)
    for service, replica in (("web", "web-1"), ("job", "job-1")):
        labels = {"service": service, "replica": replica}
        assert of(samples, "orch_replica_cpu_usage_seconds_total", **labels) > 0
        memory = of(samples, "orch_replica_memory_working_set_bytes", **labels)
        assert 2**20 < memory < 2**30


async def test_the_grafana_dashboard_asks_for_what_there_is(shared: Api) -> None:
    """Each metric that it names is exported, with the labels it goes by."""
    await busy(shared)
    exported: dict[str, set[str]] = {}
    for name, labels in await scraped(shared):
        exported.setdefault(name, set()).update(key for key, _ in labels)
    board = json.loads((ROOT / "docs" / "grafana.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(asked) >= len(board["panels"]) >= 10
    for expression in asked:
        names = re.findall(r"orch_[a-z_]+", expression)
        assert names, expression
        assert set(names) <= exported.keys(), expression
        grouped = re.findall(r"by \(([^)]*)\)", expression)
        wanted = {label.strip() for group in grouped for label in group.split(",")}
        shown = {label for name in names for label in exported[name]}
        assert wanted <= shown, expression
