"""How states, plans and errors read: people and golden tests see these texts."""

import pytest

from orchestrator.model.errors import (
    Fault,
    ImageError,
    ManifestError,
    OrchestratorError,
    Problem,
    QuantityError,
    SpecError,
)
from orchestrator.model.names import is_env_name, is_name
from orchestrator.model.plan import Pending, Plan, RemoveReplica, StartReplica, StopReplica
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import (
    Endpoint,
    Exit,
    Node,
    Phase,
    Replica,
    ReplicaId,
    Service,
    SlotKey,
)

WEB_2 = ReplicaId("web", 2, 3)


def test_a_replica_has_one_name_and_its_attempts_have_their_own() -> None:
    assert (WEB_2.name, WEB_2.key.name, str(WEB_2)) == ("web-2", "web-2", "web-2.3")
    assert WEB_2.key == SlotKey("web", 2)


@pytest.mark.parametrize(
    ("end", "word", "succeeded"),
    [
        (Exit(0), "Completed", True),
        (Exit(1), "Error", False),
        (Exit(None), "Error", False),
        (Exit(137, oom_killed=True), "OOMKilled", False),
        (Exit(0, oom_killed=True), "OOMKilled", False),
        (Exit(0, reason="LivenessFailed"), "LivenessFailed", False),
    ],
)
def test_an_exit_in_one_word(end: Exit, word: str, succeeded: bool) -> None:
    assert (end.word, end.succeeded) == (word, succeeded)


def test_phases_only_move_forward() -> None:
    assert Phase.STARTING < Phase.RUNNING < Phase.STOPPING < Phase.EXITED


@pytest.mark.parametrize("phase", Phase)
def test_a_replica_counts_towards_its_slot_until_it_leaves(phase: Phase) -> None:
    replica = Replica(WEB_2, "node-1", "abc", phase)
    assert replica.active == (phase <= Phase.RUNNING)


@pytest.mark.parametrize(
    ("marks", "schedulable"),
    [((), True), (("cordoned",), False), (("draining",), False), (("down",), False)],
)
def test_a_node_takes_replicas_unless_its_operator_says_no(
    marks: tuple[str, ...], schedulable: bool
) -> None:
    spec = NodeSpec.model_validate({"name": "n1", "capacity": {"cpu": 1, "memory": 1}})
    node = Node(spec, **dict.fromkeys(marks, True))
    assert (node.name, node.schedulable) == ("n1", schedulable)


def test_a_plan_prints_its_actions_with_their_causes() -> None:
    plan = Plan(
        actions=(
            StopReplica(ReplicaId("web", 2, 3), "liveness failed"),
            RemoveReplica(ReplicaId("web", 2, 2), "replaced"),
            StartReplica(ReplicaId("web", 2, 4), "node-1", "abc", "web-2.3 failed"),
        ),
        pending=(Pending(SlotKey("web", 3), "0/1 nodes are available: 1 Insufficient cpu."),),
    )
    assert str(plan).splitlines() == [
        "stop web-2.3: liveness failed",
        "remove web-2.2: replaced",
        "start web-2.4 on node-1: web-2.3 failed",
        "pending web-3: 0/1 nodes are available: 1 Insufficient cpu.",
    ]
    assert not plan.empty
    assert Plan(wakes={"web": 1.0}).empty
    assert not Plan(pending=plan.pending).empty


def test_an_endpoint_prints_as_an_address() -> None:
    assert str(Endpoint("127.0.0.1", 80)) == "127.0.0.1:80"


def test_a_service_goes_by_the_name_of_its_spec() -> None:
    spec = ServiceSpec.model_validate({"name": "web", "image": "app:1"})
    assert Service(spec, "abc").name == "web"


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("a.yaml", 3, 7, "port", "found 0", "use 1"), "a.yaml:3:7: port: found 0 (use 1)"),
        (Problem("a.yaml", 0, 0, "", "is empty"), "a.yaml: is empty"),
    ],
)
def test_a_problem_in_one_line(problem: Problem, text: str) -> None:
    assert str(problem) == text
    assert str(ManifestError((problem, problem))) == f"{text}\n{text}"


def test_errors_carry_their_remedy() -> None:
    assert OrchestratorError("x").remedy == ""
    assert OrchestratorError("x", remedy="y").remedy == "y"
    image = ImageError("no image", reason="ErrImagePull", remedy="build it")
    assert (str(image), image.reason, image.remedy) == ("no image", "ErrImagePull", "build it")
    quantity = QuantityError("bad", remedy="mend")
    assert (str(quantity), quantity.remedy) == ("bad (mend)", "mend")
    assert isinstance(quantity, ValueError)
    faults = SpecError(Fault("a"), Fault("b", "mend", "c.d"))
    assert str(faults) == "a; c.d: b (mend)"


@pytest.mark.parametrize("name", ["a", "0", "web-1", "a" * 63])
def test_names(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "A", "a_b", "a.b", "a" * 64, "a\n", "$(id)", "é", "a b", "../a", "a\0"]
)
def test_no_names(name: str) -> None:
    assert not is_name(name)


def test_names_of_variables() -> None:
    assert all(is_env_name(name) for name in ("A", "_", "a1", "PATH_2"))
    assert not any(is_env_name(name) for name in ("", "1A", "A-B", "A B", "A\n", "Ä", "A" * 256))
