"""What a service and a node may hold, and what follows from it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from orchestrator.model.errors import Fault, SpecError
from orchestrator.model.spec import NodeSpec, PlacementSpec, ResourceSpec, ServiceSpec
from tests.model.calm import calm


def service(**fields: Any) -> ServiceSpec:
    return ServiceSpec.model_validate({"name": "web", "image": "app:1", **fields})


def test_everything_but_name_and_image_has_a_default() -> None:
    spec = service()
    assert (spec.kind, spec.replicas, spec.restart.policy) == ("Service", 1, "always")
    assert spec.placement.policy == "binpack"
    assert spec.security.read_only_root
    assert (spec.proxy, spec.build, spec.process) == (None, None, None)


def test_a_node_is_in_the_default_zone() -> None:
    node = NodeSpec.model_validate({"name": "a", "capacity": {"cpu": "500m", "memory": "1Gi"}})
    assert (node.kind, node.zone, node.labels) == ("Node", "default", {})
    assert node.capacity.cpu_millicores == 500


@pytest.mark.parametrize(
    ("resources", "cpu_millicores", "memory_bytes"),
    [
        ({}, 100, 64 * 2**20),
        ({"limits": {"cpu": 1, "memory": "1Gi"}}, 1000, 2**30),
        ({"requests": {"cpu": 0}, "limits": {"cpu": 1}}, 0, 64 * 2**20),
        ({"requests": {"cpu": 1, "memory": "1Mi"}, "limits": {"cpu": 1}}, 1000, 2**20),
    ],
)
def test_a_missing_request_is_the_limit_else_a_default(
    resources: dict[str, Any], cpu_millicores: int, memory_bytes: int
) -> None:
    spec = ResourceSpec.model_validate(resources)
    assert spec.request_cpu_millicores == cpu_millicores
    assert spec.request_memory_bytes == memory_bytes


@pytest.mark.parametrize(
    ("strategy", "policy", "seed"),
    [("binpack", "binpack", 0), ("random", "random", 0), ("random(42)", "random", 42)],
)
def test_a_strategy_is_a_policy_and_a_seed(strategy: str, policy: str, seed: int) -> None:
    placement = PlacementSpec(strategy=strategy)
    assert (placement.policy, placement.seed) == (policy, seed)


def test_short_forms() -> None:
    spec = service(build="app", restart="never", env={"A": 1, "B": 0.5, "C": False, "D": "x"})
    assert spec.build is not None
    assert (spec.build.context, spec.build.dockerfile) == ("app", "Dockerfile")
    assert spec.restart.policy == "never"
    assert spec.env == {"A": "1", "B": "0.5", "C": "false", "D": "x"}


@pytest.mark.parametrize(
    "fields",
    [
        {"probes": {"readiness": {"exec": ["true"]}}},
        {"probes": {"readiness": {"tcp": True, "port": 81}}},
        {"port": 80, "probes": {"readiness": {"path": "/"}}},
        {"port": 80, "proxy": {"listen": 8080}},
        {"image": None, "command": ["true"]},
        {"image": None, "build": "."},
    ],
    ids=str,
)
def test_what_can_run(fields: dict[str, Any]) -> None:
    assert service(**fields)


def test_all_that_cannot_run_is_said_at_once() -> None:
    with pytest.raises(ValidationError) as error:
        service(image=None, proxy={"listen": 80})
    (found,) = error.value.errors()
    cause = found["ctx"]["error"]
    assert isinstance(cause, SpecError)
    assert cause.faults == (
        Fault("nothing to run", "give an image, a build folder or a command"),
        Fault("is missing: proxy needs it", "add one, e.g. port: 8000", "port"),
    )
    assert str(cause) == (
        "nothing to run (give an image, a build folder or a command);"
        " port: is missing: proxy needs it (add one, e.g. port: 8000)"
    )


def test_a_spec_is_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        service().replicas = 2  # type: ignore[misc]


def test_the_code_s_spelling_and_the_manifest_s_are_one() -> None:
    assert service(stop_grace_period_s="3s") == service(stopGracePeriod=3)


def test_what_is_written_is_the_manifest_s_spelling() -> None:
    written = service(stopGracePeriod="90s", resources={"limits": {"memory": "1024Mi"}})
    assert written.model_dump(exclude_unset=True, mode="json") == {
        "name": "web",
        "image": "app:1",
        "stopGracePeriod": "1m30s",
        "resources": {"limits": {"memory": "1Gi"}},
    }


cpu = st.integers(1, 10**5).map(lambda millicores: f"{millicores}m")
memory = st.integers(1, 2**50)
duration = st.integers(1, 10**9).map(lambda milliseconds: f"{milliseconds}ms")
word = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
texts = st.lists(st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1)
port = st.integers(1, 65535)


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


probe = st.one_of(
    st.just({"path": "/healthz"}), st.just({"tcp": True}), texts.map(lambda argv: {"exec": argv})
).flatmap(
    lambda way: some(
        period=duration, timeout=duration, initialDelay=duration, port=port,
        failureThreshold=st.integers(1, 99), successThreshold=st.integers(1, 99),
    ).map(lambda more: {**way, **more})
)  # fmt: skip
amounts = some(cpu=cpu, memory=memory)
services = some(
    command=texts,
    replicas=st.integers(0, 100_000),
    env=st.dictionaries(st.sampled_from("ABC"), word | st.integers() | st.booleans()),
    build=word | some(dockerfile=word, args=st.just({"A": 1})).map(lambda b: {"context": "x", **b}),
    resources=amounts.map(lambda amount: {"requests": amount})
    | amounts.map(lambda amount: {"limits": amount}),
    probes=some(startup=probe, readiness=probe, liveness=probe),
    restart=st.sampled_from(["always", "never"])
    | some(backoff=some(initial=duration, factor=st.floats(1, 100), max=duration)),
    stopGracePeriod=duration,
    placement=some(
        strategy=st.sampled_from(["spread", "random(3)", "least-allocated"]),
        nodeSelector=st.dictionaries(word, word),
        maxPerNode=st.integers(1, 9),
        topologySpread=some(maxSkew=st.integers(1, 9)),
    ),
    proxy=some(host=st.just("::1"), drainTimeout=duration).map(lambda p: {"listen": 1, **p}),
    process=some(workdir=word, env=st.just({"A": "b"})),
    security=some(readOnlyRoot=st.booleans(), capAdd=st.just(["NET_ADMIN"])),
    pull=st.just("never"),
)


@calm
@given(services)
def test_a_service_survives_a_round_trip_without_its_defaults(fields: dict[str, Any]) -> None:
    spec = service(port=80, **fields)
    written = spec.model_dump(exclude_unset=True, mode="json")
    read = ServiceSpec.model_validate(written)
    assert read == spec
    assert read.model_dump(exclude_unset=True, mode="json") == written
    assert written.keys() == {"name", "image", "port"} | fields.keys()


@calm
@given(services)
def test_a_service_survives_a_round_trip_through_json(fields: dict[str, Any]) -> None:
    spec = service(port=80, **fields)
    assert ServiceSpec.model_validate_json(spec.model_dump_json()) == spec
