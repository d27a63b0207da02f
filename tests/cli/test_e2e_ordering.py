"""What can be ordered of a project: from `up` to `down`, on real processes."""

import json
import os
from http.client import HTTPException
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from orchestrator.runtime.project import resolve
from tests.cli.manifests import NODES, sleeper, web, write
from tests.cli.orch import Orch, is_running
from tests.support.ports import free_port
from tests.support.wait import eventually


def answers(port: int) -> str:
    """The greeting of whichever replica answers, "" if none does."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return str(json.load(answer)["greeting"])
    except (URLError, OSError, HTTPException):
        return ""


def pids(orch: Orch) -> list[int]:
    """Of the replicas."""
    return [int(row["id"]) for row in orch.json("ps") if row["id"]]


def test_from_up_to_down(orch: Orch) -> None:
    """Answers through the proxy; afterwards no process, port or folder is left."""
    port = free_port()
    said = orch.up("-f", write(orch.state_dir, NODES, web(port)), "--wait")
    assert f"http://127.0.0.1:{port}" in said
    assert answers(port) == "hello"
    run = orch.state_dir / orch.project / "run"
    workers = [json.loads(path.read_text())["pid"] for path in run.glob("proxy-*.json")]
    everyone = [orch.record["pid"], *workers, *pids(orch)]
    assert len(everyone) == 4
    assert orch("down") == f"project '{orch.project}' is gone\n"
    assert not [pid for pid in everyone if is_running(pid)]
    assert answers(port) == ""
    assert not (orch.state_dir / orch.project).exists()


def test_down_twice(orch: Orch) -> None:
    """Nothing there is nothing to do."""
    assert orch("down") == f"no project '{orch.project}': nothing to do\n"
    assert not (orch.state_dir / orch.project).exists()


def test_down_without_a_controller(orch: Orch) -> None:
    """All that carries the project's label goes: replicas, proxy workers, folder."""
    port = free_port()
    orch.up("-f", write(orch.state_dir, web(port)), "--wait")
    replicas = pids(orch)
    orch.kill_controller()
    assert answers(port) == "hello"
    orch("down")
    assert not [pid for pid in replicas if is_running(pid)]
    assert answers(port) == ""
    assert not (orch.state_dir / orch.project).exists()


def test_up_after_kill_9_adopts(orch: Orch) -> None:
    """The same replicas, none started twice; without -f what was wanted is remembered."""
    orch.up("-f", write(orch.state_dir, web(free_port())), "--wait")
    before = pids(orch)
    orch.kill_controller()
    orch.up("--wait")
    assert pids(orch) == before


def test_up_on_a_running_project_applies_to_it(orch: Orch) -> None:
    """As Compose does; the controller stays the same."""
    orch.up("-f", write(orch.state_dir, sleeper(replicas=1)), "--wait")
    pid = orch.record["pid"]
    done = orch.run("up", "-f", write(orch.state_dir, sleeper(replicas=3)))
    assert "already runs" in done.stderr
    assert len(orch.json("ps")) == 3
    assert orch.record["pid"] == pid
    said = orch.refused("up", "--engine", "docker", "--detach", code=1)
    assert "already runs, on engine process" in said


def test_scale(orch: Orch) -> None:
    """Several at once; unknown services and plain mistakes change nothing."""
    manifest = write(orch.state_dir, sleeper("a"), sleeper("b"))
    orch.up("-f", manifest, "--wait")
    said = orch.quick("scale", "a=3", "service/b=0", "--wait")
    assert said == "service/a scaled to 3\nservice/b scaled to 0\n"
    assert [row["name"] for row in orch.json("ps")] == ["a-1", "a-2", "a-3"]
    assert "there are: a, b" in orch.quick("scale", "a=1", "c=1", code=1)
    assert len(orch.json("ps", "a")) == 3


def test_kill_is_healed(orch: Orch) -> None:
    """A new attempt in the same slot; what it wrote before is kept."""
    orch.up("-f", write(orch.state_dir, web(free_port())), "--wait")
    assert orch.quick("kill", "replica/web-2") == "replica/web-2 was sent SIGKILL\n"

    def healed() -> bool:
        row = orch.json("ps")[1]
        return bool(row["ready"] and row["attempt"] == 2 and row["restarts"] == 1)

    eventually(healed, timeout=20)
    assert "web-2" in orch.quick("logs", "web-2", "--previous")
    assert "no running replica is named 'web-9'" in orch.quick("kill", "web-9", code=1)
    assert orch.quick("kill", "web-1", "--signal", "NOPE", code=1)


def test_followed_logs_go_on_with_the_next_attempt(orch: Orch) -> None:
    """Each line once, of replicas that start later too, until the project ends."""
    orch.up("-f", write(orch.state_dir, web(free_port())), "--wait")
    with orch.begun("logs", "web", "-f", "-o", "json") as process:
        assert process.stdout is not None
        seen: list[tuple[str, int]] = []

        def heard(*wanted: tuple[str, int]) -> bool:
            assert process.stdout is not None
            line = json.loads(process.stdout.readline())
            if "listening" in line["text"]:
                seen.append((line["replica"], line["attempt"]))
            return set(wanted) <= set(seen)

        eventually(lambda: heard(("web-1", 1), ("web-2", 1)))
        orch.quick("kill", "web-2")
        eventually(lambda: heard(("web-2", 2)), timeout=20)
        orch.quick("scale", "web=3")
        eventually(lambda: heard(("web-3", 1)), timeout=20)
        assert len(seen) == len(set(seen)) == 4
        orch("down")
        assert process.wait(timeout=20) == 1


def test_apply(orch: Orch) -> None:
    """A changed revision is rolled out; the same again does nothing; --prune deletes."""
    port = free_port()
    orch.up("-f", write(orch.state_dir, sleeper(), web(port)), "--wait")
    changed = write(orch.state_dir, web(port, greeting="hi"))
    assert "~ service web" in orch.quick("apply", "-f", changed, "--wait")
    assert answers(port) == "hi"
    before = orch.events()
    assert "No changes." in orch.quick("apply", "-f", changed, "--wait")
    assert orch.events() == before
    orch.quick("apply", "-f", changed, "--prune", "--wait")
    assert [row["name"] for row in orch.json("services")] == ["web"]
    assert not orch.json("ps", "--all") or {row["service"] for row in orch.json("ps")} == {"web"}


def test_undo(orch: Orch) -> None:
    """What was wanted before the last apply is wanted again; before the first, nothing was."""
    orch.up("-f", write(orch.state_dir, sleeper(replicas=1)), "--wait")
    assert "nothing before" in orch.quick("undo", code=2)
    orch.quick("apply", "-f", write(orch.state_dir, sleeper(replicas=2), sleeper("more")), "--wait")
    assert "- service more: deleted" in orch.quick("undo", "--dry-run")
    assert [row["name"] for row in orch.json("services")] == ["idle", "more"]
    orch.quick("undo", "--wait")
    assert [(row["name"], row["desired"]) for row in orch.json("services")] == [("idle", 1)]


def test_a_saved_plan(orch: Orch) -> None:
    """Applied as it was planned, or refused once the state has moved on."""
    orch.up("-f", write(orch.state_dir, sleeper(replicas=1)), "--wait")
    more = write(orch.state_dir, sleeper(replicas=2))
    said = orch.quick("plan", "-f", more, "--out", "plan.json")
    assert "\nNext: orch apply plan.json --project" in said
    orch.quick("apply", "plan.json", "--wait")
    assert len(orch.json("ps")) == 2
    stale = orch.quick("apply", "plan.json", code=1)
    assert "stale" in stale
    assert "orch plan" in stale


def test_restart(orch: Orch) -> None:
    """Every replica is another process, and none was missing for long."""
    orch.up("-f", write(orch.state_dir, web(free_port())), "--wait")
    before = pids(orch)
    orch.quick("restart", "web", "--wait")
    assert not set(before) & set(pids(orch))


def test_restart_of_one_replica(orch: Orch) -> None:
    """The others stay; a name that nothing has changes nothing."""
    orch.up("-f", write(orch.state_dir, web(free_port())), "--wait")
    before = pids(orch)
    assert orch.quick("restart", "web-2", "--wait") == "replica/web-2 restarting\n"
    after = pids(orch)
    assert (after[0], after[1] != before[1]) == (before[0], True)
    said = orch.quick("restart", "web-1", "web-9", code=1)
    assert "no service or replica is named 'web-9'" in said
    assert "service/web" in said
    assert pids(orch) == after


def test_rollout_pause_and_resume(orch: Orch) -> None:
    """Nothing is replaced meanwhile, and who waits for it is told why."""
    port = free_port()
    orch.up("-f", write(orch.state_dir, web(port)), "--wait")
    assert orch.quick("rollout", "pause", "service/web") == "service/web paused\n"
    before = pids(orch)
    new = write(orch.state_dir, web(port, greeting="bye"))
    held = "The rollout of web is paused: 2 of 2 replicas not updated until: orch rollout resume"
    assert held in orch.quick("plan", "-f", new)
    said = orch.quick("apply", "-f", new, "--wait", code=1)
    assert "paused rollout of web: replicas of older revisions stay as they are" in said
    assert "go on with: orch rollout resume web" in said
    assert "the rollout of 'web' is paused" in orch.quick("restart", "web", "--wait", code=1)
    assert pids(orch) == before
    assert "Ready,Paused" in orch.quick("services")
    paused = 'service "web" is paused: 0 out of 2 replicas are updated\n'
    assert orch.quick("rollout", "status", "web", "--no-watch") == paused
    assert "go on with" in orch.quick("rollout", "status", "web", code=1)
    assert orch.quick("scale", "web=3", "--wait") == "service/web scaled to 3\n"
    assert pids(orch)[:2] == before
    assert orch.quick("rollout", "resume", "web") == "service/web resumed\n"
    told = orch.quick("rollout", "status", "web").splitlines()
    assert told[-1] == 'service "web" successfully rolled out'
    assert all(line.startswith("Waiting for service") for line in told[:-1])
    assert not set(before) & set(pids(orch))
    assert answers(port) == "bye"
    assert "there are: web" in orch.quick("rollout", "pause", "web", "wep", code=1)
    assert not orch.json("services")[0]["paused"]


def test_a_rollout_that_never_ends_is_followed_no_longer_than_asked(orch: Orch) -> None:
    """The new revision does not get ready."""
    orch.up("-f", write(orch.state_dir, sleeper()), "--wait")
    unready = sleeper().replace("1000", "1001") + "probes: {readiness: {exec: ['false']}}\n"
    orch.quick("apply", "-f", write(orch.state_dir, unready))
    said = orch.quick("rollout", "status", "idle", "--timeout", "300ms", code=4)
    assert "the rollout of idle is not finished" in said


def test_delete(orch: Orch) -> None:
    """The service and its replicas."""
    orch.up("-f", write(orch.state_dir, sleeper("a"), sleeper("b")), "--wait")
    assert orch.quick("delete", "a") == "service/a deleted\n"
    eventually(lambda: [row["name"] for row in orch.json("ps")] == ["b-1"])


def test_drain_and_uncordon(orch: Orch) -> None:
    """Nothing is left on the node, nothing more goes there until it is used again."""
    orch.up("-f", write(orch.state_dir, NODES, web(free_port())), "--wait")
    (node,) = {row["node"] for row in orch.json("ps")}
    orch.quick("drain", node, "--wait")
    assert node not in {row["node"] for row in orch.json("ps")}
    assert {row["name"]: row["status"] for row in orch.json("nodes")}[node] == "Drained"
    orch.quick("uncordon", node)
    orch.quick("cordon", f"node/{node}")
    assert {row["name"]: row["status"] for row in orch.json("nodes")}[node] == "Cordoned"
    assert "there are: node-1, node-2" in orch.quick("cordon", "node-9", code=1)


def test_crash_and_recover(orch: Orch) -> None:
    """A node loses power: what it ran is elsewhere at once, and stays there."""
    orch.up("-f", write(orch.state_dir, NODES, web(free_port())), "--wait")
    (node,) = {row["node"] for row in orch.json("ps")}
    assert "there are: node-1, node-2" in orch.quick("crash", node, "node-9", code=1)
    assert orch.quick("crash", f"node/{node}") == f"node/{node} crashed\n"
    assert orch.quick("crash", node) == f"node/{node} is down already\n"

    def elsewhere() -> bool:
        rows = orch.json("ps")
        return all(row["status"] == "Ready" and row["node"] != node for row in rows)

    eventually(elsewhere)
    assert {row["restarts"] for row in orch.json("ps")} == {0}
    assert {row["name"]: row["status"] for row in orch.json("nodes")}[node] == "NotReady"
    assert "node is down" in orch.quick("explain", "web-1")
    assert f"(NodeLost): node {node} crashed" in orch.quick("events")
    assert orch.quick("recover", node) == f"node/{node} is up again\n"
    assert orch.quick("recover", node) == f"node/{node} is up already\n"
    assert node not in {row["node"] for row in orch.json("ps")}


def test_two_projects_side_by_side(orch: Orch) -> None:
    """Each with a controller, a folder and a port of its own."""
    other = Orch(orch.state_dir, f"{orch.project}-b")
    manifest = write(orch.state_dir, sleeper())
    orch.up("-f", manifest, "--wait")
    try:
        other.up("-f", manifest, "--wait")
        assert orch.record["url"] != other.record["url"]
    finally:
        other("down")
    assert len(orch.json("ps")) == 1


def test_a_port_that_is_taken(orch: Orch) -> None:
    """`up` refuses, says who has it, and leaves nothing running."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = orch.run(
            "up", "-f", write(orch.state_dir, web(port)), "--engine", "process",
            "--api-port", "0", "--detach", code=1,
        ).stderr  # fmt: skip
    assert f"the port is in use by {Path(f'/proc/{os.getpid()}/comm').read_text().strip()}" in said
    assert not (orch.state_dir / orch.project).exists()


def test_a_taken_api_port(orch: Orch) -> None:
    """Named by --api-port and in use: an error with the remedy, nothing left running."""
    orch.up("-f", write(orch.state_dir, sleeper()))
    port = orch.record["url"].rpartition(":")[2]
    other = Orch(orch.state_dir, f"{orch.project}-b")
    said = other.refused("up", "-f", "app.yaml", "--detach", "--api-port", port, code=1)
    assert f"error: port {port} on 127.0.0.1 is taken\n  choose another with --api-port" in said
    assert not (other.state_dir / other.project).exists()


def test_down_while_its_engine_is_away(orch: Orch) -> None:
    """It may still run there: 1, and the project is not forgotten."""
    project = resolve(orch.project, orch.state_dir)
    project.create()
    project.remember_engine("docker")
    away = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    said = orch.run("down", code=1, **away).stderr
    assert "may still run on docker" in said
    assert "orch down --project" in said
    assert project.engine() == "docker"
