"""`orch up` in the foreground: progress, events, and an end with nothing left."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.manifests import sleeper, web, write
from tests.cli.orch import Orch, is_running
from tests.support.ports import free_port
from tests.support.wait import eventually

UP = ("up", "--engine", "process", "--api-port", "0")


@contextmanager
def serving(orch: Orch, manifest: str, *args: str) -> Iterator["subprocess.Popen[str]"]:
    """`orch up`, once everything is ready."""
    with orch.begun(*UP, "-f", manifest, *args) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("Ctrl-C"):
                break
        yield process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_all(number: signal.Signals, orch: Orch) -> None:
    """0: that is how it is meant to end."""
    with serving(orch, write(orch.state_dir, web(free_port()))) as process:
        replicas = [int(row["id"]) for row in orch.json("ps")]
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
    assert not [pid for pid in replicas if is_running(pid)]
    assert not (orch.state_dir / orch.project).exists()


def test_down_from_elsewhere(orch: Orch) -> None:
    """Ends the foreground process too."""
    with serving(orch, write(orch.state_dir, sleeper())) as process:
        orch("down")
        assert process.wait(timeout=30) == 0


def test_progress_and_events(orch: Orch) -> None:
    """Progress on stderr while it comes up, addresses and then events on stdout."""
    port = free_port()
    with orch.begun(*UP, "-f", write(orch.state_dir, web(port))) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        assert process.stderr.readline() == "engine: process (as asked for)\n"
        eventually(lambda: "✔ web-" in process.stderr.readline())  # type: ignore[union-attr]
        assert process.stdout.readline().split() == ["SERVICE", "REPLICAS", "ADDRESS"]
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        assert process.stdout.readline().startswith("controller: http://127.0.0.1:")
        orch("kill", "web-1")
        eventually(lambda: "replica/web-1" in process.stdout.readline())  # type: ignore[union-attr]
        process.send_signal(signal.SIGINT)
        assert "Removing 2 replicas" in process.communicate(timeout=30)[1]


def test_a_refused_start_leaves_nothing(orch: Orch) -> None:
    """The port of the proxy is taken: 1, and no process stays."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        manifest = write(orch.state_dir, web(taken.getsockname()[1]))
        done = orch.run(*UP, "-f", manifest, code=1)
    assert "error: " in done.stderr
    assert "the port is in use" in done.stderr
    assert not (orch.state_dir / orch.project).exists()


def test_a_second_controller_attaches(orch: Orch) -> None:
    """It applies, waits and returns; the first goes on."""
    manifest = write(orch.state_dir, sleeper())
    with serving(orch, manifest) as process:
        done = orch.run(*UP, "-f", manifest)
        assert f"already runs (pid {process.pid}," in done.stderr
        assert process.poll() is None
