"""`orch` as a person runs it: a command, its output, its exit code."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from orchestrator.cli.app import app
from tests.support.wait import eventually

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 60


@dataclass(frozen=True)
class Orch:
    """One project in one state folder."""

    state_dir: Path
    project: str = "cli"

    def __call__(self, *args: str, code: int = 0, stdin: str = "", **env: str) -> str:
        """Run a command that has to end with `code`; its stdout."""
        return self.run(*args, code=code, stdin=stdin, **env).stdout

    def run(
        self, *args: str, code: int = 0, stdin: str = "", **env: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command that has to end with `code`; all of its output."""
        done = subprocess.run(
            self.argv(*args), input=stdin, capture_output=True, text=True, timeout=TIMEOUT_S,
            cwd=self.state_dir, env=self.environment(**env), check=False,
        )  # fmt: skip
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def refused(self, *args: str, code: int, stdin: str = "") -> str:
        """Run a command that fails with `code` and no data; its stderr."""
        done = self.run(*args, code=code, stdin=stdin)
        assert done.stdout == ""
        return done.stderr

    def quick(self, *args: str, code: int = 0, stdin: str = "") -> str:
        """As `__call__`, without a process of its own; stderr if it fails."""
        with contextlib.chdir(self.state_dir):
            done = CliRunner().invoke(
                app, args, input=stdin, env=self.environment(), prog_name="orch"
            )
        assert done.exit_code == code, f"exit {done.exit_code}\n{done.output}\n{done.exception}"
        return done.stderr if code else done.stdout

    def json(self, *args: str) -> Any:
        """What a command prints with `-o json`."""
        return json.loads(self.quick(*args, "-o", "json"))

    def argv(self, *args: str) -> list[str]:
        """The command line."""
        return [sys.executable, "-m", "orchestrator", *args]

    def environment(self, **more: str) -> dict[str, str]:
        """With the project and its state folder, and none of the caller's."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("ORCH_", "NO_COLOR"))}
        own = {"ORCH_PROJECT": self.project, "ORCH_STATE_DIR": str(self.state_dir)}
        return {**inherited, "PYTHONPATH": str(ROOT), **own, **more}

    def up(self, *args: str, code: int = 0) -> str:
        """`orch up --detach` on the process engine."""
        return self("up", "--engine", "process", "--api-port", "0", "--detach", *args, code=code)

    @property
    def record(self) -> Any:
        """Who controls the project."""
        return json.loads((self.state_dir / self.project / "controller.json").read_text())

    def kill_controller(self) -> None:
        """`kill -9`, and it is gone."""
        pid = self.record["pid"]
        os.kill(pid, signal.SIGKILL)
        eventually(lambda: not is_running(pid))

    def events(self) -> list[str]:
        """`reason object` of each."""
        return [f"{one['reason']} {one['object']}" for one in self.json("events")]

    @contextmanager
    def begun(self, *args: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that goes on by itself; it is ended at the end of the context."""
        process = subprocess.Popen(
            self.argv(*args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=self.state_dir, env=self.environment(),
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")
