"""Colour and things that move are for terminals."""

import os
import re
import subprocess

import pytest

from tests.cli.manifests import late, sleeper, write
from tests.cli.orch import Orch

SGR = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(orch: Orch, *args: str, **env: str) -> str:
    """What a command writes to a terminal, stdout and stderr together."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        orch.argv(*args), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        cwd=orch.state_dir, env=orch.environment(**({"TERM": "xterm"} | env)),
    )  # fmt: skip
    os.close(theirs)
    written = b""
    with os.fdopen(ours, "rb", buffering=0) as screen:
        try:
            while part := screen.read(4096):
                written += part
        except OSError:  # How Linux says that nobody holds the other end any more.
            pass
    process.wait(timeout=30)
    return written.decode()


def test_colour_on_a_terminal(orch: Orch) -> None:
    """Data and errors alike."""
    manifest = write(orch.state_dir, sleeper())
    assert "\x1b[32m  + service idle" in on_a_terminal(orch, "plan", "-f", manifest)
    assert "\x1b[31merror:\x1b[0m" in on_a_terminal(orch, "ps")


@pytest.mark.parametrize("env", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_if_it_is_not_wanted(env: dict[str, str], orch: Orch) -> None:
    """https://no-color.org; a terminal that has none."""
    written = on_a_terminal(orch, "plan", "-f", write(orch.state_dir, sleeper()), **env)
    assert "+ service idle" in written
    assert "\x1b" not in written


def test_progress_is_redrawn_in_place(orch: Orch) -> None:
    """A head that counts, and the cursor going up."""
    up = ("up", "-f", write(orch.state_dir, late()), "--engine", "process", "--api-port", "0")
    written = on_a_terminal(orch, *up, "--detach", "--wait")
    assert "[+] Running 0/1" in written
    assert "\x1b[1A" in written
    assert "✔ idle-1  Ready" in SGR.sub("", written)


def test_no_colour_but_live(orch: Orch) -> None:
    """NO_COLOR speaks of colour only."""
    up = ("up", "-f", write(orch.state_dir, late()), "--engine", "process", "--api-port", "0")
    written = on_a_terminal(orch, *up, "--detach", "--wait", NO_COLOR="1")
    assert "\x1b[1A" in written
    assert not re.search(r"\x1b\[3[0-9]m", written)
