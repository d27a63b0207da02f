"""All numbers in Prometheus's terms. Counters are the proxy's own, CPU and memory the engine's."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from orchestrator import __version__
from orchestrator.core.histogram import Histogram
from orchestrator.core.traffic import add_counters
from orchestrator.model.errors import EngineError
from orchestrator.model.launch import Usage
from orchestrator.runtime.controller import Controller
from orchestrator.runtime.queries import Queries

BOUNDS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

SERVICE: Final = ("service",)
REPLICA: Final = ("service", "replica")
FAILURES: Final = {"connect": "connect_failures", "reset": "resets", "timeout": "timeouts"}
NODE_GAUGES: Final = (
    ("cpu_requested_cores", "CPU reserved by replicas.", "cpu_used_millicores", 1000),
    ("cpu_capacity_cores", "CPU the node has.", "cpu_millicores", 1000),
    ("memory_requested_bytes", "Memory reserved by replicas.", "memory_used_bytes", 1),
    ("memory_capacity_bytes", "Memory the node has.", "memory_bytes", 1),
)

Stats = Mapping[str, Any]
"""What `ProxySupervisor.stats` returns."""
Labels = tuple[str, ...]
Rows = dict[Labels, dict[str, Any]]
"""Counters by the values of their labels."""


async def exposition(controller: Controller, queries: Queries, accept: str) -> tuple[bytes, str]:
    """The text and its media type, as the Accept header asks for it."""
    stats = await controller.supervisor.stats()
    registry = CollectorRegistry(auto_describe=False)
    families = (
        *proxy_metrics(stats),
        *cluster_metrics(controller, queries),
        *usage_metrics(queries, await _usage(controller, queries)),
    )
    registry.register(_Collected(families))
    encode, media_type = choose_encoder(accept)
    return encode(registry), media_type


async def _usage(controller: Controller, queries: Queries) -> Mapping[str, Usage]:
    try:
        return await controller.engine.stats([row.id for row in queries.replicas() if row.id])
    except EngineError:
        return {}  # The rest is worth telling also while the engine does not answer.


class _Collected(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def proxy_metrics(stats: Stats) -> Iterator[Metric]:
    """What the proxy counted. Endpoints are attempts of replicas (`web-2.1`): one that drains and
    the one in its place count as one replica."""
    services: Rows = {(name,): counters for name, counters in stats["services"].items()}
    replicas: Rows = {}
    for id_, counters in stats["endpoints"].items():
        name = id_.rpartition(".")[0]
        add_counters(replicas.setdefault((name.rpartition("-")[0], name), {}), counters)
    yield _requests(services, replicas)
    yield from _of_services(services)
    yield from _of_replicas(replicas)


def _requests(services: Rows, replicas: Rows) -> Metric:
    family = CounterMetricFamily(
        "orch_requests",
        'Answers by class of status; replica "" for those of the proxy itself.',
        labels=(*REPLICA, "code"),
    )
    for (service,), counters in services.items():
        for code, count in counters.get("own_responses", {}).items():
            family.add_metric((service, "", code), count)
    for labels, counters in replicas.items():
        for code, count in counters.get("responses", {}).items():
            family.add_metric((*labels, code), count)
    return family


def _of_services(rows: Rows) -> Iterator[Metric]:
    yield _histogram(
        "request_duration", "From a request to the end of its response.", SERVICE, rows, "durations"
    )
    yield _histogram("queue", "Requests that had to wait.", SERVICE, rows, "queue_times")
    yield _counter("retries", "Requests that were sent once more.", SERVICE, rows, "retries")
    yield _counter("received_bytes", "From clients, heads included.", SERVICE, rows, "bytes_in")
    yield _counter("sent_bytes", "To clients, heads included.", SERVICE, rows, "bytes_out")
    yield _gauge("connections", "Clients connected.", SERVICE, rows, "connections")


def _of_replicas(rows: Rows) -> Iterator[Metric]:
    yield _gauge("requests_in_flight", "Requests it has not answered.", REPLICA, rows, "in_flight")
    yield _histogram(
        "upstream_request_duration", "Of requests it answered.", REPLICA, rows, "durations"
    )
    yield _histogram(
        "upstream_connect", "To open a connection to it.", REPLICA, rows, "connect_times"
    )
    if any("ejections" in counters for counters in rows.values()):
        yield _counter("ejections", "Times it was passed over.", REPLICA, rows, "ejections")
    failures = CounterMetricFamily(
        "orch_upstream_failures", "Requests it did not answer.", labels=(*REPLICA, "kind")
    )
    for labels, counters in rows.items():
        for kind, name in FAILURES.items():
            failures.add_metric((*labels, kind), counters.get(name, 0))
    yield failures


def usage_metrics(queries: Queries, usage: Mapping[str, Usage]) -> Iterator[Metric]:
    """What replicas use; names and meaning as cAdvisor's `container_…`."""
    used: dict[Labels, Usage] = {}
    for row in queries.replicas():
        if found := usage.get(row.id or ""):
            before = used.get((row.service, row.name), Usage(0.0, 0))
            used[row.service, row.name] = Usage(
                before.cpu_seconds + found.cpu_seconds, before.memory_bytes + found.memory_bytes
            )
    cpu = CounterMetricFamily(
        "orch_replica_cpu_usage_seconds", "CPU time used by its present attempts.", labels=REPLICA
    )
    memory = GaugeMetricFamily(
        "orch_replica_memory_working_set_bytes", "Memory in use, less free cache.", labels=REPLICA
    )
    for labels, one in used.items():
        cpu.add_metric(labels, one.cpu_seconds)
        memory.add_metric(labels, one.memory_bytes)
    yield from (cpu, memory)


def cluster_metrics(controller: Controller, queries: Queries) -> Iterator[Metric]:
    """What there is: replicas by status, nodes and what is reserved on them."""
    project, engine = controller.project.name, controller.engine.name
    info = {"version": __version__, "project": project, "engine": engine}
    yield InfoMetricFamily("orch", "The controller.", value=info)
    desired = GaugeMetricFamily("orch_replicas_desired", "Replicas wanted.", labels=SERVICE)
    for view in queries.services():
        desired.add_metric((view.name,), view.desired)
    yield desired
    replicas = GaugeMetricFamily(
        "orch_replicas", "Replicas by status.", labels=(*SERVICE, "status")
    )
    for labels, count in Counter((r.service, r.status) for r in queries.replicas()).items():
        replicas.add_metric(labels, count)
    yield replicas
    yield from _nodes(queries)


def _nodes(queries: Queries) -> Iterator[Metric]:
    nodes = queries.nodes()
    for name, text, field, unit in NODE_GAUGES:
        family = GaugeMetricFamily(f"orch_node_{name}", text, labels=("node", "zone"))
        for node in nodes:
            family.add_metric((node.name, node.zone), getattr(node, field) / unit)
        yield family


def _counter(name: str, text: str, labels: Labels, rows: Rows, key: str) -> Metric:
    family = CounterMetricFamily(f"orch_{name}", text, labels=labels)
    for values, counters in rows.items():
        family.add_metric(values, counters.get(key, 0))
    return family


def _gauge(name: str, text: str, labels: Labels, rows: Rows, key: str) -> Metric:
    family = GaugeMetricFamily(f"orch_{name}", text, labels=labels)
    for values, counters in rows.items():
        family.add_metric(values, counters.get(key, 0))
    return family


def _histogram(name: str, text: str, labels: Labels, rows: Rows, key: str) -> Metric:
    family = HistogramMetricFamily(f"orch_{name}_seconds", text, labels=labels)
    for values, counters in rows.items():
        histogram = Histogram.from_json(counters.get(key, {}))
        counts = [*histogram.up_to(BOUNDS_S), histogram.total]
        bounds = [*map(str, BOUNDS_S), "+Inf"]
        family.add_metric(values, list(zip(bounds, counts, strict=True)), histogram.sum_s)
    return family
