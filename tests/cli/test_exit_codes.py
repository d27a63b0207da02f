"""0 done, 1 failed, 2 usage or changes, 3 no controller, 4 timed out; errors on stderr."""

import signal
import subprocess

import pytest

from tests.cli.manifests import sleeper, write
from tests.cli.orch import Orch
from tests.support.wait import eventually

READING = ["ps", "services", "nodes", "events", "inspect service/web", "logs web", "explain web"]
ORDERING = [
    "scale web=1", "restart web", "delete web", "kill web-1", "exec web-1 -- true",
    "cordon n", "uncordon n", "drain n", "crash n", "recover n", "rebalance",
]  # fmt: skip


@pytest.mark.parametrize("line", READING + ORDERING)
def test_without_a_controller(line: str, orch: Orch) -> None:
    """3, and what to do about it."""
    said = orch.quick(*line.split(), code=3)
    assert said.startswith(f"error: project '{orch.project}' has no running controller\n")
    assert "\n  start it with: orch up -f PATH --project" in said


@pytest.mark.parametrize(
    "line",
    [
        "bogus", "ps --bogus", "ps -o xml", "scale", "scale web", "scale web=-1", "scale web=x",
        "inspect web", "up --engine rkt", "up --api-port 70000", "apply", "validate",
        "apply plan.json -f x.yaml", "apply -f x --timeout soon", "exec web-1",
        "logs web --tail -1", "logs web -f --previous",
    ],
)  # fmt: skip
def test_usage(line: str, orch: Orch) -> None:
    """2, before anything else happens."""
    assert "rror: " in orch.quick(*line.split(), code=2)


def test_up_without_anything_to_run(orch: Orch) -> None:
    """No -f, no folder here, nothing remembered."""
    said = orch.refused("up", "--detach", code=2)
    assert "nothing to run" in said
    assert "orch up -f PATH" in said


def test_a_project_name_that_is_none(orch: Orch) -> None:
    """1, with the rule."""
    assert "lower-case letters" in orch.quick("ps", "--project", "../up", code=1)


def test_options_win_over_the_environment(orch: Orch) -> None:
    """`--project` after the verb."""
    assert "project 'other'" in orch.quick("ps", "--project", "other", code=3)


def test_a_mistake_in_a_manifest_starts_nothing(orch: Orch) -> None:
    """1, each mistake with its place; no folder, no process."""
    manifest = write(orch.state_dir, "kind: Service\nname: web\nimage: x\nreplica: 2\nport: -1\n")
    for verb in ("validate", "plan", "up", "apply"):
        said = orch.quick(verb, "-f", manifest, code=1)
        assert f"error: {manifest}:4:1: replica:" in said
        assert "replicas" in said
        assert f"{manifest}:5:7: port:" in said
    assert not (orch.state_dir / orch.project).exists()


@pytest.mark.parametrize("content", ["", "{" * 10**6, "\0", "[1, 2]", "kind: Pod\nname: x\n"])
def test_a_file_that_is_no_manifest(content: str, orch: Orch) -> None:
    """1, and the file is named."""
    assert "app.yaml" in orch.quick("validate", "-f", write(orch.state_dir, content), code=1)


def test_standard_input(orch: Orch) -> None:
    """`-f -`"""
    assert orch("validate", "-f", "-", stdin=sleeper()) == "OK: 1 service, 0 nodes in 1 file\n"
    assert "<stdin>" in orch.refused("validate", "-f", "-", code=1, stdin="kind: Service")


def test_timed_out(orch: Orch) -> None:
    """4: each replica that is not ready, why, its last output. It goes on in the background."""
    failing = """
kind: Service
name: bad
command: [sh, -c, "echo no such table; exit 3"]
restart: {backoff: {initial: 60s, max: 60s}}
"""
    manifest = write(orch.state_dir, failing)
    args = ("--engine", "process", "--api-port", "0", "--detach", "--wait", "--timeout", "3s")
    said = orch.refused("up", "-f", manifest, *args, code=4)
    assert "error: not ready after 3 s" in said
    assert "bad-1 CrashLoopBackOff" in said
    assert "| no such table" in said
    assert not orch.json("ps")[0]["ready"]


def test_a_reader_that_leaves(orch: Orch) -> None:
    """No complaint about a broken pipe."""
    script = f"{' '.join(orch.argv('schema'))} | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {script}"], capture_output=True, text=True, timeout=60,
        env=orch.environment(), check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("{", "")


def test_control_c(orch: Orch) -> None:
    """130, and nothing said."""
    orch.up("-f", write(orch.state_dir, sleeper()))
    with orch.begun("events", "-f") as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_no_colour_where_no_terminal_is(orch: Orch) -> None:
    """Neither data nor errors."""
    done = orch.run("plan", "-f", write(orch.state_dir, sleeper()))
    assert "\x1b" not in done.stdout + done.stderr


def test_a_controller_that_was_killed_is_none(orch: Orch) -> None:
    """Its record is still there, its process is not."""
    orch.up("-f", write(orch.state_dir, sleeper()))
    orch.kill_controller()
    assert eventually(lambda: orch.refused("ps", code=3))
    assert (orch.state_dir / orch.project / "controller.json").exists()
