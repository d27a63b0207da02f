"""Timing profiles: every duration that a manifest leaves out comes from one of these."""

from dataclasses import dataclass
from typing import Final

from orchestrator.model.spec import Probe, Probes, RestartSpec, ServiceSpec


@dataclass(frozen=True, slots=True)
class Timing:
    """Default durations in seconds, thresholds in counts."""

    name: str
    probe_period_s: float
    probe_timeout_s: float
    probe_failure_threshold: int
    startup_period_s: float
    startup_failure_threshold: int
    backoff_initial_s: float
    backoff_max_s: float
    backoff_reset_after_s: float
    stop_grace_period_s: float
    drain_timeout_s: float
    resync_s: float


# HAProxy checks every 2 s with fall 3; Docker restarts cap near 60 s and reset after 10 s.
DEMO: Final = Timing(
    name="demo",
    probe_period_s=2.0,
    probe_timeout_s=1.0,
    probe_failure_threshold=3,
    startup_period_s=0.5,
    startup_failure_threshold=60,
    backoff_initial_s=1.0,
    backoff_max_s=60.0,
    backoff_reset_after_s=10.0,
    stop_grace_period_s=10.0,
    drain_timeout_s=5.0,
    resync_s=5.0,
)

# Kubernetes: probe every 10 s, time-out 1 s, 3 failures; back-off 10 s doubling to 300 s,
# reset after 10 min; termination grace 30 s.
PRODUCTION: Final = Timing(
    name="production",
    probe_period_s=10.0,
    probe_timeout_s=1.0,
    probe_failure_threshold=3,
    startup_period_s=10.0,
    startup_failure_threshold=3,
    backoff_initial_s=10.0,
    backoff_max_s=300.0,
    backoff_reset_after_s=600.0,
    stop_grace_period_s=30.0,
    drain_timeout_s=30.0,
    resync_s=5.0,
)

PROFILES: Final = {DEMO.name: DEMO, PRODUCTION.name: PRODUCTION}


def with_timing(spec: ServiceSpec, timing: Timing) -> ServiceSpec:
    """`spec` with every duration and threshold filled in, and a readiness probe (TCP) where the
    service has a port and names no probe at all."""
    grace = spec.stop_grace_period_s
    update: dict[str, object] = {
        "probes": _probes(spec, timing),
        "restart": _restart(spec.restart, timing),
        "stop_grace_period_s": timing.stop_grace_period_s if grace is None else grace,
    }
    if spec.proxy is not None and spec.proxy.drain_timeout_s is None:
        drain = {"drain_timeout_s": timing.drain_timeout_s}
        update["proxy"] = spec.proxy.model_copy(update=drain)
    return spec.model_copy(update=update)


def _probes(spec: ServiceSpec, timing: Timing) -> Probes:
    probes = spec.probes
    if spec.port is not None and probes == Probes():
        probes = Probes(readiness=Probe(tcp=True))
    return Probes(
        startup=_probe(
            probes.startup, timing, timing.startup_period_s, timing.startup_failure_threshold
        ),
        readiness=_probe(
            probes.readiness, timing, timing.probe_period_s, timing.probe_failure_threshold
        ),
        liveness=_probe(
            probes.liveness, timing, timing.probe_period_s, timing.probe_failure_threshold
        ),
    )


def _probe(probe: Probe | None, timing: Timing, period_s: float, threshold: int) -> Probe | None:
    if probe is None:
        return None
    return probe.model_copy(
        update={
            "period_s": period_s if probe.period_s is None else probe.period_s,
            "timeout_s": timing.probe_timeout_s if probe.timeout_s is None else probe.timeout_s,
            "failure_threshold": probe.failure_threshold or threshold,
        }
    )


def _restart(restart: RestartSpec, timing: Timing) -> RestartSpec:
    given = restart.backoff
    backoff = given.model_copy(
        update={
            "initial_s": timing.backoff_initial_s if given.initial_s is None else given.initial_s,
            "max_s": timing.backoff_max_s if given.max_s is None else given.max_s,
            "reset_after_s": timing.backoff_reset_after_s
            if given.reset_after_s is None
            else given.reset_after_s,
        }
    )
    return restart.model_copy(update={"backoff": backoff})
