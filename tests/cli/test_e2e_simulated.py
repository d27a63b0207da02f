"""`--engine simulated`: more replicas than this machine could bear, under the same commands."""

from tests.cli.manifests import write
from tests.cli.orch import Orch
from tests.support.ports import free_port
from tests.support.wait import eventually

NODES = "---".join(
    f"\nkind: Node\nname: n{number}\ncapacity: {{cpu: 64, memory: 256Gi}}\n" for number in range(5)
)
SERVICE = """
kind: Service
name: web
image: app:1
port: 8000
replicas: 200
resources: {{requests: {{cpu: 500m, memory: 1Gi}}}}
proxy: {{listen: {port}}}
"""


def test_two_hundred_replicas_that_exist_in_memory_only(orch: Orch) -> None:
    manifests = write(orch.state_dir, NODES, SERVICE.format(port=free_port()))
    orch.up("-f", manifests, "--engine", "simulated", "--wait")
    rows = orch.json("ps")
    assert [row["status"] for row in rows] == ["Ready"] * 200
    assert {row["endpoint"] for row in rows} == {None}
    orch("kill", "web-7")
    orch("drain", "n0")

    def moved() -> bool:
        rows = orch.json("ps")
        away = all(row["node"] != "n0" for row in rows)
        return away and {row["status"] for row in rows} == {"Ready"} and len(rows) == 200

    eventually(moved, timeout=40)
    assert "web-7.1 exited with code 137" in orch("events")
    assert "it is no program" in orch.refused("exec", "web-7", "true", code=1)
    said = orch.refused("up", "--engine", "process", "-f", manifests, "-d", code=1)
    assert "already runs, on engine simulated" in said


def test_a_project_that_was_simulated_is_not_run_in_earnest(orch: Orch) -> None:
    manifests = write(orch.state_dir, NODES, SERVICE.format(port=free_port()))
    orch.up("-f", manifests, "--engine", "simulated", "--wait")
    orch.kill_controller()
    said = orch.refused("up", "-d", "--engine", "process", "-f", manifests, code=1)
    assert "runs on the simulated engine, not on process" in said
    assert orch("down") == f"project '{orch.project}' is gone\n"
