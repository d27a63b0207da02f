"""`orch rebalance`: shown, then done; nodes are free afterwards."""

from tests.cli.manifests import write
from tests.cli.orch import Orch
from tests.support.ports import free_port

NODES = "---".join(
    f"\nkind: Node\nname: n{number}\ncapacity: {{cpu: 4, memory: 8Gi}}\n" for number in range(4)
)
SERVICE = """
kind: Service
name: web
image: app:1
port: 8000
replicas: {replicas}
resources: {{requests: {{cpu: 500m, memory: 256Mi}}}}
placement: {{strategy: spread}}
proxy: {{listen: {port}}}
"""


def in_use(orch: Orch) -> list[str]:
    return [row["name"] for row in orch.json("nodes") if row["replicas"]]


def test_it_is_shown_and_then_done(orch: Orch) -> None:
    port = free_port()
    manifests = write(orch.state_dir, NODES, SERVICE.format(port=port, replicas=8))
    orch.up("-f", manifests, "--engine", "simulated", "--wait")
    assert len(in_use(orch)) == 4

    shown = orch.quick("rebalance", "--dry-run").splitlines()
    assert shown[0].split() == ["REPLICA", "FROM", "TO", "WHY"]
    assert shown[1].endswith("frees n0 (1 of 2)")
    assert shown[-3:-1] == ["Rebalance: 6 moves, nodes in use 4 -> 1.", ""]
    assert shown[-1].startswith("Next: orch rebalance")
    orch.quick("rebalance", "--dry-run", "--svg", "moves.svg")
    drawn = (orch.state_dir / "moves.svg").read_text()
    assert "before: 4 nodes in use" in drawn
    assert "after 6 moves: 1 nodes in use" in drawn
    assert "nodes in use 4 -> 3" in orch.quick("rebalance", "--dry-run", "--max-moves", "3")
    assert (
        orch.quick("rebalance", "--max-moves", "1")
        == "No moves: none of 4 nodes in use can be freed.\n"
    )
    assert len(in_use(orch)) == 4

    orch.quick("rebalance", "--wait", "--timeout", "50s")
    assert len(in_use(orch)) == 1
    assert {row["status"] for row in orch.json("ps")} == {"Ready"}
    told = orch.quick("events")
    assert "6 moves, nodes in use 4 -> 1" in told
    assert told.count("Moved") == 6
    assert orch.quick("rebalance") == "No moves: none of 1 nodes in use can be freed.\n"
