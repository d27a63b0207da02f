"""What a run of load showed: k6's figures beside the proxy's."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from orchestrator.cli.load.k6 import Outcome
from orchestrator.cli.load.script import reason_of

# Of the processors of this machine that k6 may use before its own figures are in doubt.
BUSY_SHARE: Final = 0.8

PERCENTILES: Final = {"med": 0.5, "p(90)": 0.9, "p(99)": 0.99, "p(99.9)": 0.999}
"""k6's names of them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The service in one second of the run, as the proxy saw it; times in seconds."""

    at_s: float
    requests_per_s: float
    errors_per_s: float
    p50_s: float | None
    p99_s: float | None
    in_flight: int
    ready: int


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of the controller during the run."""

    at_s: float
    reason: str
    object: str
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """One run. Latencies in milliseconds, as k6 has them; `shares`: requests by replica."""

    url: str
    seconds: float
    requests: int
    per_s: float
    failed: int
    latency_ms: Mapping[str, float]
    errors: Mapping[str, int]
    dropped: int
    users_most: int
    thresholds: Mapping[str, bool]
    """Each with whether it was kept."""
    proxy_requests: int
    proxy_latency_ms: Mapping[str, float]
    """The percentiles as the proxy measured them: without the way to it and back."""
    shares: Mapping[str, int]
    generator_cpus: float
    """Processors that k6 used on average."""
    exit_code: int
    samples: Sequence[Sample] = field(default=())
    happenings: Sequence[Happening] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        return asdict(self)


def result_of(
    outcome: Outcome,
    url: str,
    seconds: float,
    proxy_requests: int,
    proxy_latency_ms: Mapping[str, float],
    shares: Mapping[str, int],
    samples: Sequence[Sample],
    happenings: Sequence[Happening],
) -> Result:
    """Read k6's export. What k6 did not get to is 0."""
    metrics = outcome.metrics
    requests = metrics.get("http_reqs", {})
    # k6 counts what is true, and "failed" is what this one tells: its passes are the failures.
    failed = metrics.get("http_req_failed", {}).get("passes", 0)
    trend = metrics.get("http_req_duration", {})
    return Result(
        url=url,
        seconds=seconds,
        requests=int(requests.get("count", 0)),
        per_s=float(requests.get("rate", 0.0)),
        failed=int(failed),
        latency_ms={name: value for name, value in trend.items() if name != "thresholds"},
        errors={
            reason_of(name): int(metrics[name]["count"])
            for name in sorted(metrics)
            if name.startswith(("status_", "error_")) and metrics[name].get("count")
        },
        dropped=int(metrics.get("dropped_iterations", {}).get("count", 0)),
        users_most=int(metrics.get("vus_max", {}).get("max", 0)),
        thresholds={
            f"{name} {text}": not broken
            for name, metric in metrics.items()
            for text, broken in metric.get("thresholds", {}).items()
        },
        proxy_requests=proxy_requests,
        proxy_latency_ms=proxy_latency_ms,
        shares=dict(sorted(shares.items())),
        generator_cpus=outcome.cpu_s / seconds if seconds else 0.0,
        exit_code=outcome.code,
        samples=tuple(samples),
        happenings=tuple(happenings),
    )


def doubts(result: Result, cpus: int) -> list[str]:
    """Whether the load was what was asked for, in sentences; none if it was."""
    said = []
    if result.dropped:
        said.append(
            f"k6 could not begin {result.dropped} requests in their time: all {result.users_most} "
            "virtual users waited for answers. The rate was higher than this service can take."
        )
    if result.generator_cpus > BUSY_SHARE * cpus:
        said.append(
            f"k6 itself used {result.generator_cpus:.1f} of {cpus} processors: it may have been "
            "the bottleneck. Ask for less, or read these figures as a lower bound."
        )
    return said
