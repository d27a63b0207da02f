"""What is close to a limit is told once, ahead of time, and once more when it is over."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.nearing import (
    CALM,
    HOLD_S,
    NEAR,
    Use,
    Watch,
    node_loads,
    observe,
    service_loads,
)
from orchestrator.model.spec import NodeSpec, ServiceSpec

MIB = 2**20


def course(*shares: float, every_s: float = 5.0) -> str:
    """`.` far, `N` near, after each measurement."""
    watch, told = Watch(), ""
    for index, share in enumerate(shares):
        watch = observe(watch, share, index * every_s)
        told += "N" if watch.near else "."
    return told


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ((0.5, 0.6, 0.89, 0.89), "...."),
        ((0.9, 0.95, 1.0, 0.9), "..NN"),
        ((0.95, 0.95, 0.5, 0.95, 0.95), "....."),
        ((1.2, 1.2, 1.2, 0.85, 0.95, 0.85, 0.81), "..NNNNN"),
        ((1.0, 1.0, 1.0, 0.5, 0.95, 0.5, 0.5, 0.5, 0.5), "..NNNNN.."),
    ],
    ids=["never near", "near after 10 s", "a peak is no news", "one episode", "over after 10 s"],
)
def test_an_episode(shares: tuple[float, ...], told: str) -> None:
    assert course(*shares) == told


@given(st.lists(st.floats(0, 2), min_size=1, max_size=60))
def test_no_turn_comes_without_its_side_having_held(shares: list[float]) -> None:
    watch, held = Watch(), 0
    for index, share in enumerate(shares):
        after = observe(watch, share, float(index))
        beyond = share < CALM if watch.near else share >= NEAR
        held = held + 1 if beyond else 0
        assert (after.near != watch.near) == (held > HOLD_S)
        held = 0 if after.near != watch.near else held
        watch = after


def web(**limits: str) -> ServiceSpec:
    return ServiceSpec.model_validate(
        {"name": "web", "command": ["true"], "resources": {"limits": limits}}
    )


def texts(spec: ServiceSpec, uses: dict[str, Use], in_flight: int = 0, slots: int = 0) -> list[str]:
    return [f"{one.key}: {one.text}" for one in service_loads(spec, uses, in_flight, slots)]


def test_what_a_service_uses_of_its_limits() -> None:
    uses = {"web-1": Use(200.0, 40 * MIB), "web-2": Use(400.0, 60 * MIB)}
    assert texts(web(cpu="400m", memory="64Mi"), uses, in_flight=9, slots=10) == [
        "service/web cpu: web uses 75% of its CPU limit (300m of 400m a replica)",
        "service/web memory: web uses 94% of its memory limit (60Mi of 64Mi in web-2)",
        "service/web concurrency: web uses 90% of its concurrency (9 of 10 requests at a time)",
    ]


def test_where_there_is_no_limit_or_no_figure_nothing_is_said() -> None:
    assert texts(web(), {"web-1": Use(200.0, MIB)}) == []
    assert texts(web(cpu="1", memory="1Gi"), {}) == []
    assert texts(web(cpu="1"), {"web-1": Use(None, MIB)}) == []


def test_what_replicas_use_of_a_node() -> None:
    node = NodeSpec.model_validate({"name": "n1", "capacity": {"cpu": "1", "memory": "1Gi"}})
    uses = {"web-1.1": Use(450.0, 256 * MIB), "web-2.1": Use(450.0, 256 * MIB)}
    assert [(one.share, one.text) for one in node_loads(node, uses)] == [
        (0.9, "n1 uses 90% of its CPU (900m of 1)"),
        (0.5, "n1 uses 50% of its memory (512Mi of 1Gi)"),
    ]
