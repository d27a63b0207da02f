"""`orch doctor` finds what is wrong, and says what to do about it."""

import json
import socket

import pytest

from tests.cli.manifests import sleeper, web, write
from tests.cli.orch import Orch
from tests.support.ports import free_port


def findings(orch: Orch, *args: str, code: int = 0, **env: str) -> dict[str, dict[str, str]]:
    """By check."""
    rows = json.loads(orch("doctor", "-o", "json", *args, code=code, **env))
    return {row["check"]: row for row in rows}


def test_a_machine_that_is_well(orch: Orch) -> None:
    """Nothing to mend in what this machine has for sure."""
    found = findings(orch, "-f", write(orch.state_dir, web(free_port())))
    for check in ("python", "state folder", "port of web"):
        assert found[check]["level"] == "ok", found[check]
    assert {"docker", "process limits", "open files", "api port", "leftovers"} <= found.keys()
    assert "Ready to run" in orch("doctor")


def test_a_port_that_is_taken(orch: Orch) -> None:
    """Exit 1, and who has it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = findings(orch, "-f", write(orch.state_dir, web(port)), code=1)
    assert found["port of web"]["level"] == "error"
    assert f"{port} is in use by " in found["port of web"]["text"]
    assert found["port of web"]["remedy"]


def test_a_docker_that_does_not_answer(orch: Orch) -> None:
    """A warning: processes do without."""
    found = findings(orch, DOCKER_HOST="unix:///nowhere/docker.sock")
    assert found["docker"]["level"] == "warning"
    assert found["docker"]["remedy"]
    assert "base image" not in found


def test_what_dead_projects_left(orch: Orch) -> None:
    """Found, with the two ways out of it."""
    orch.up("-f", write(orch.state_dir, sleeper()))
    orch.kill_controller()
    rows = json.loads(orch("doctor", "-o", "json"))
    remedies = [row["remedy"] for row in rows if row["check"] == "leftovers"]
    assert any(f"orch down --project {orch.project}" in remedy for remedy in remedies)


@pytest.mark.parametrize("length", [200])
def test_a_state_folder_too_deep_for_sockets(length: int, orch: Orch) -> None:
    """Said before a worker fails to start on it."""
    deep = orch.state_dir / ("d" * length)
    found = findings(orch, "--state-dir", str(deep), code=1)
    assert found["state folder"]["level"] == "error"
    assert "--state-dir" in found["state folder"]["remedy"]
    assert not deep.exists()
