"""From a decision to what an engine is told."""

from orchestrator.core.launching import image_for, launch_for
from orchestrator.model.plan import StartReplica
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import Node, ReplicaId, Service
from tests.core.notation import service

ACTION = StartReplica(ReplicaId("web", 2, 3), "n1", "abc", "slot is empty")
NODE = Node(
    NodeSpec.model_validate({"name": "n1", "capacity": {"cpu": 1, "memory": "1Gi"}, "zone": "z"})
)


def test_a_replica_knows_its_place() -> None:
    spec = service("web", port=8000, env={"GREETING": "hi", "ORCH_SLOT": "9"})
    launch = launch_for(ACTION, Service(spec, "abc"), NODE)
    assert launch.env == {
        "PORT": "8000",
        "GREETING": "hi",
        "ORCH_SERVICE": "web",
        "ORCH_SLOT": "2",
        "ORCH_ATTEMPT": "3",
        "ORCH_NODE": "n1",
        "ORCH_ZONE": "z",
        "ORCH_REVISION": "abc",
    }
    assert (launch.hostname, launch.node, launch.zone) == ("web-2", "n1", "z")


def test_requests_limits_and_grace_are_passed_on() -> None:
    spec = service(
        "web",
        resources={
            "requests": {"cpu": "250m", "memory": "64Mi"},
            "limits": {"cpu": "500m", "memory": "128Mi"},
        },
        stopGracePeriod="3s",
    )
    launch = launch_for(ACTION, Service(spec, "abc"), NODE)
    assert (launch.cpu_request_millicores, launch.memory_request_bytes) == (250, 64 * 2**20)
    assert (launch.cpu_limit_millicores, launch.memory_limit_bytes) == (500, 128 * 2**20)
    assert launch.stop_grace_s == 3.0


def test_without_port_process_section_or_node_nothing_is_made_up() -> None:
    launch = launch_for(ACTION, Service(service("web"), "abc"), None)
    assert "PORT" not in launch.env
    assert (launch.zone, launch.process_command, launch.workdir) == ("", None, None)


def test_the_process_section_is_passed_on() -> None:
    spec = service("web", process={"command": ["run"], "env": {"A": "1"}, "workdir": "/srv"})
    launch = launch_for(ACTION, Service(spec, "abc"), NODE)
    assert (launch.process_command, launch.process_env, launch.workdir) == (
        ("run",), {"A": "1"}, "/srv",
    )  # fmt: skip


def test_an_image_is_pulled_built_or_not_needed() -> None:
    pulled = image_for(service("web"), "")
    assert pulled is not None
    assert (pulled.image, pulled.context, pulled.pull) == ("app", None, True)
    built = image_for(service("web", image=None, build="folder", pull="never"), "digest")
    assert built is not None
    assert (built.image, built.context, built.source, built.pull) == (
        "web:latest", "folder", "digest", False,
    )  # fmt: skip
    assert image_for(ServiceSpec(name="web", command=("serve",)), "") is None
