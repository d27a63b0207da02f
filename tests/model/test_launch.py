"""What an engine is told: strict unless the manifest says otherwise."""

from orchestrator.model.launch import EngineReplica, Launch
from orchestrator.model.state import Endpoint, ReplicaId

WEB_1 = ReplicaId("web", 1, 1)


def test_a_launch_is_hardened_by_default() -> None:
    launch = Launch(WEB_1, "n1", "a", "abc", "app:1", None, {}, 8000, "web-1")
    assert launch.security.read_only_root
    assert launch.security.no_new_privileges
    assert launch.security.cap_add == ()


def test_what_an_engine_knows_is_comparable() -> None:
    found = EngineReplica(WEB_1, "c1", "n1", "abc", running=True, endpoint=Endpoint("h", 1))
    assert found == EngineReplica(WEB_1, "c1", "n1", "abc", True, Endpoint("h", 1))
    assert found.exit is None
