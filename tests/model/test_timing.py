"""What a manifest leaves out comes from the timing profile; what it says stays."""

from typing import Any

import pytest

from orchestrator.model.spec import Probe, ServiceSpec
from orchestrator.model.timing import DEMO, PRODUCTION, PROFILES, Timing, with_timing


def service(**fields: Any) -> ServiceSpec:
    return ServiceSpec.model_validate({"name": "web", "image": "app:1", **fields})


@pytest.mark.parametrize("timing", PROFILES.values(), ids=PROFILES)
def test_every_duration_is_filled_in(timing: Timing) -> None:
    probes = {kind: {"path": "/"} for kind in ("startup", "readiness", "liveness")}
    spec = with_timing(service(port=80, probes=probes, proxy={"listen": 1}), timing)
    for probe in (spec.probes.startup, spec.probes.readiness, spec.probes.liveness):
        assert probe is not None
        assert None not in (probe.period_s, probe.timeout_s, probe.failure_threshold)
    backoff = spec.restart.backoff
    assert None not in (backoff.initial_s, backoff.max_s, backoff.reset_after_s)
    assert spec.stop_grace_period_s == timing.stop_grace_period_s
    assert spec.proxy is not None
    assert spec.proxy.drain_timeout_s == timing.drain_timeout_s


def test_what_the_manifest_says_stays() -> None:
    probe = {"tcp": True, "period": "7s", "timeout": "3s", "failureThreshold": 9}
    given = service(
        port=80,
        probes={"startup": probe, "liveness": probe},
        proxy={"listen": 1, "drainTimeout": 0},
        stopGracePeriod=0,
        restart={"backoff": {"initial": 0, "max": "9s", "resetAfter": "8s"}},
    )
    assert with_timing(given, PRODUCTION) == given


def test_filling_in_twice_changes_nothing() -> None:
    once = with_timing(service(port=80), DEMO)
    assert with_timing(once, DEMO) == once
    assert with_timing(once, PRODUCTION) == once


def test_a_port_without_probes_is_probed_by_tcp() -> None:
    readiness = with_timing(service(port=80), DEMO).probes.readiness
    assert readiness == Probe(tcp=True, period_s=2, timeout_s=1, failure_threshold=3)


@pytest.mark.parametrize(
    "fields", [{}, {"port": 80, "probes": {"liveness": {"exec": ["true"]}}}], ids=str
)
def test_nothing_is_probed_where_there_is_no_port_or_a_probe_of_ones_own(
    fields: dict[str, Any],
) -> None:
    assert with_timing(service(**fields), DEMO).probes.readiness is None


def test_startup_is_looked_at_more_often_in_a_demo() -> None:
    startup = with_timing(service(port=80, probes={"startup": {"tcp": True}}), DEMO).probes.startup
    assert startup == Probe(tcp=True, period_s=0.5, timeout_s=1, failure_threshold=60)
