"""Starting a controller in the background, and being sure that it runs."""

import contextlib
import json
import os
import subprocess
import time
from typing import Any, Final

from orchestrator.cli.controller_options import ControllerOptions
from orchestrator.cli.forgetting import forget
from orchestrator.model.errors import OrchestratorError
from orchestrator.runtime.project import ControllerRecord, Project

START_TIMEOUT_S: Final = 30.0
TICK_S: Final = 0.02
LOG_LINES: Final = 10


def start(options: ControllerOptions, manifests: dict[str, Any] | None) -> ControllerRecord:
    """Start it in a session of its own, with what to apply first; return when it answers.

    Raises `OrchestratorError`; then nothing is left where there was nothing before.
    """
    project = Project(options.project, options.state_dir)
    fresh = not project.database.exists()
    project.create()
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with os.fdopen(os.open(project.log_file, flags, 0o600), "ab") as log:
        begun_at = os.fstat(log.fileno()).st_size
        child = subprocess.Popen(
            options.argv(), stdin=subprocess.PIPE, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    _tell(child, manifests)
    try:
        _get_ready()
        return _announced(project, child, begun_at)
    except (OrchestratorError, KeyboardInterrupt):
        _end(child)
        if fresh:
            forget(project)
        raise


def _tell(child: "subprocess.Popen[bytes]", manifests: dict[str, Any] | None) -> None:
    assert child.stdin is not None  # noqa: S101 - it was asked for
    with contextlib.suppress(BrokenPipeError), child.stdin:
        if manifests is not None:
            child.stdin.write(json.dumps(manifests).encode())


def _get_ready() -> None:
    """Load what is needed next while the other process loads what it needs."""
    import orchestrator.cli.summary
    import orchestrator.cli.waiting  # noqa: F401


def _announced(
    project: Project, child: "subprocess.Popen[bytes]", begun_at: int
) -> ControllerRecord:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        record = project.controller()
        if record is not None and record.pid == child.pid:
            return record
        if child.poll() is not None:
            raise _failure(project, begun_at, "the controller did not start")
        time.sleep(TICK_S)
    raise _failure(project, begun_at, f"the controller did not answer in {START_TIMEOUT_S:g} s")


def _end(child: "subprocess.Popen[bytes]") -> None:
    """SIGTERM: it removes what it began. It is given as long as its own start may take."""
    child.terminate()
    try:
        child.wait(START_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _failure(project: Project, begun_at: int, what: str) -> OrchestratorError:
    """What it said before it gave up: its own error where it gave one."""
    with project.log_file.open("rb") as log:
        log.seek(begun_at)
        lines = log.read().decode(errors="replace").splitlines()
    for index, line in enumerate(lines):
        if line.startswith("error: "):
            remedy = "\n".join(lines[index + 1 :]).strip()
            return OrchestratorError(line.removeprefix("error: "), remedy=remedy)
    last = "".join(f"\n  | {line}" for line in lines[-LOG_LINES:])
    return OrchestratorError(f"{what}{last}", remedy="see: orch doctor")
