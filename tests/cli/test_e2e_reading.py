"""What can be asked of a running project. JSON output is a contract."""

import json
from urllib.request import urlopen

import pytest
import yaml

from tests.cli.orch import Orch

REPLICA = {
    "name": str, "service": str, "slot": int, "attempt": int, "status": str, "ready": bool,
    "restarts": int, "node": str, "zone": str, "revision": str, "id": str, "endpoint": str,
    "age_s": float, "reason": str, "last_exit": str,
}  # fmt: skip
SERVICE = {
    "name": str, "desired": int, "active": int, "ready": int, "up_to_date": int, "status": str,
    "address": str, "revision": str, "pending": int, "restarts": int, "spec": dict,
}  # fmt: skip
NODE = {
    "name": str, "zone": str, "status": str, "cpu_millicores": int, "cpu_used_millicores": int,
    "memory_bytes": int, "memory_used_bytes": int, "replicas": int, "labels": dict,
}  # fmt: skip
EVENT = {
    "serial": int, "time": float, "type": str, "reason": str, "object": str, "message": str,
}  # fmt: skip


@pytest.mark.parametrize(
    ("verb", "contract"),
    [("ps", REPLICA), ("services", SERVICE), ("nodes", NODE), ("events", EVENT)],
)
def test_json_is_a_list_of_objects(verb: str, contract: dict[str, type], running: Orch) -> None:
    """With at least these fields, of these types."""
    rows = running.json(verb)
    assert rows
    for row in rows:
        types = {field: type(row[field]) for field in contract}
        assert types == contract


def test_ps_tells_what_is(running: Orch) -> None:
    """Not just the form of it."""
    rows = running.json("ps")
    assert [row["name"] for row in rows] == ["web-1", "web-2"]
    for row in rows:
        assert (row["status"], row["ready"], row["attempt"]) == ("Ready", True, 1)
        with urlopen(f"http://{row['endpoint']}/") as answer:
            assert json.load(answer)["replica"] == row["name"]


def test_a_slot_without_a_replica_has_nulls(orch: Orch) -> None:
    """`id`, `endpoint`, `node`, `zone`: null, not absent."""
    big = """
kind: Service
name: big
command: [sleep, "100"]
resources: {requests: {cpu: 1000}}
"""
    (orch.state_dir / "big.yaml").write_text(big)
    orch.up("-f", "big.yaml")
    (row,) = orch.json("ps")
    assert row["status"] == "Pending"
    assert (row["id"], row["endpoint"], row["node"], row["zone"]) == (None, None, None, None)
    assert row["reason"].startswith("0/1 nodes are available: 1 Insufficient cpu. It needs ")
    assert "big-1 Pending: 0/1 nodes are available: 1 Insufficient cpu." in orch.quick("ps")
    (found,) = orch.json("explain", "big-1")
    assert [verdict["fits"] for verdict in found["verdicts"]] == [False]


def test_other_forms(running: Orch) -> None:
    """YAML is the same data, names are one a line, wide has more columns."""
    assert [row["name"] for row in yaml.safe_load(running.quick("ps", "-o", "yaml"))] == [
        "web-1", "web-2",
    ]  # fmt: skip
    assert running.quick("ps", "-o", "name") == "replica/web-1\nreplica/web-2\n"
    assert running.quick("services", "-o", "name") == "service/web\n"
    assert "LAST-EXIT" in running.quick("ps", "-o", "wide").splitlines()[0]
    assert running.quick("ps").splitlines()[0].split() == [
        "NAME", "READY", "STATUS", "RESTARTS", "AGE", "NODE", "ZONE",
    ]  # fmt: skip


def test_ps_of_one_service(running: Orch) -> None:
    """An unknown one: 1, and the names there are."""
    assert len(running.json("ps", "web")) == 2
    said = running.quick("ps", "wbe", code=1)
    assert said == "error: no service is named 'wbe'\n  there are: web\n"


def test_nodes_add_up(running: Orch) -> None:
    """What is reserved is what the replicas request."""
    rows = running.json("nodes")
    assert [row["name"] for row in rows] == ["node-1", "node-2"]
    assert sum(row["cpu_used_millicores"] for row in rows) == 200
    assert sum(row["replicas"] for row in rows) == 2


@pytest.mark.parametrize("thing", ["service/web", "replica/web-1", "node/node-1"])
def test_inspect(thing: str, running: Orch) -> None:
    """Everything, events included; YAML for people, JSON on demand."""
    assert running.json("inspect", thing)["name"] == thing.partition("/")[2]
    assert yaml.safe_load(running.quick("inspect", thing))["events"] is not None


def test_inspect_of_nothing(running: Orch) -> None:
    """1, and what there is."""
    assert "there are:" in running.quick("inspect", "pod/x", code=1)
    assert "there are: web-1, web-2" in running.quick("inspect", "replica/x", code=1)


def test_explain(running: Orch) -> None:
    """A table of nodes for each replica of the service, or for one."""
    assert len(running.json("explain", "web")) == 2
    (one,) = running.json("explain", "web-2")
    chosen = [verdict["node"] for verdict in one["verdicts"] if verdict["chosen"]]
    assert chosen == [one["node"]]
    assert "<--" in running.quick("explain", "web-2")


def test_events(running: Orch) -> None:
    """Oldest first; of one object with --for."""
    serials = [row["serial"] for row in running.json("events")]
    assert serials == sorted(serials)
    about = {row["object"] for row in running.json("events", "--for", "replica/web-1")}
    assert about == {"replica/web-1"}
    assert len(running.json("events", "--limit", "2")) == 2


def test_logs(running: Orch) -> None:
    """Interleaved with a prefix; of one replica; as JSON lines."""
    prefixes = {
        line.partition(" |")[0].strip() for line in running.quick("logs", "web").splitlines()
    }
    assert prefixes == {"web-1", "web-2"}
    assert running.quick("logs", "web-1", "--tail", "1").startswith("web-1  | ")
    line = json.loads(running.quick("logs", "web-1", "--tail", "1", "-o", "json"))
    assert line.keys() == {"replica", "attempt", "stream", "text"}
    assert running.quick("logs", "web", "--previous") == ""
    assert "there are: web, web-1, web-2" in running.quick("logs", "nope", code=1)


def test_exec(running: Orch) -> None:
    """Its output and exit code are ours."""
    script = 'echo "$ORCH_SERVICE-$ORCH_SLOT"; echo oops >&2; exit 7'
    done = running.run("exec", "web-2", "--", "sh", "-c", script, code=7)
    assert (done.stdout, done.stderr) == ("web-2\n", "oops\n")
    assert json.loads(running.quick("exec", "web-1", "-o", "json", "--", "echo", "hi")) == {
        "exit_code": 0, "stdout": "hi\n", "stderr": "",
    }  # fmt: skip


def test_plan_changes_nothing(running: Orch) -> None:
    """What is applied already: no changes, exit 0."""
    before = running.json("events")
    plan = running.run("plan", "-f", "app.yaml", "--detailed-exitcode")
    assert plan.stdout.strip().endswith("No changes. What runs is what the manifests want.")
    assert running.json("events") == before


def test_a_changed_manifest_is_planned(running: Orch) -> None:
    """Exit 2 with the flag; symbols, a summary, the next command."""
    changed = (running.state_dir / "app.yaml").read_text().replace("replicas: 2", "replicas: 4")
    (running.state_dir / "more.yaml").write_text(changed)
    plan = running("plan", "-f", "more.yaml", "--detailed-exitcode", code=2)
    assert "\n  + web-3 on node-" in plan
    assert "\nPlan: 2 to add, 1 to change, 0 to destroy.\n" in plan
    assert plan.splitlines()[-1].startswith("Next: orch apply -f more.yaml --project ")
    assert running.json("plan", "-f", "more.yaml")["add"] == 2
    assert running.run("plan", "-f", "gone.yaml", "--detailed-exitcode", code=1).stdout == ""


def test_watch(running: Orch) -> None:
    """Data: a line of JSON for every change, at once for the first."""
    with running.begun("ps", "--watch", "-o", "json") as process:
        assert process.stdout is not None
        assert len(json.loads(process.stdout.readline())) == 2


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("orch kill we", ["web-1", "web-2"]),
        ("orch scale w", ["web="]),
        ("orch explain web", ["web", "web-1", "web-2"]),
        ("orch drain ", ["node-1", "node-2"]),
        ("orch crash ", ["node-1", "node-2"]),
        ("orch inspect replica/", ["replica/web-1", "replica/web-2"]),
        ("orch kill --project nobody we", []),
    ],
)
def test_completion_of_names(words: str, found: list[str], running: Orch) -> None:
    """Asked of the controller; nothing where there is none."""
    count = str(len(words.split(" ")) - 1)
    shown = running(_ORCH_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=count)
    assert shown.split() == found
