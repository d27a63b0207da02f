"""Starting a controller in the background, and being sure that it runs."""

import os
import subprocess
import time
from typing import TYPE_CHECKING, Final

from orchestrator.cli.background import arguments
from orchestrator.model.errors import OrchestratorError

if TYPE_CHECKING:
    from orchestrator.api.server import ServeOptions
    from orchestrator.runtime.project import ControllerRecord, Project

START_TIMEOUT_S: Final = 30.0
TICK_S: Final = 0.02
LOG_LINES: Final = 10


def start(options: "ServeOptions") -> "ControllerRecord":
    """Start it in a session of its own; return when it answers. Raises `OrchestratorError`."""
    project = options.project
    project.create()
    handle = os.open(project.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    begun_at = os.fstat(handle).st_size
    try:
        child = subprocess.Popen(
            arguments(options), stdin=subprocess.DEVNULL, stdout=handle, stderr=handle,
            start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(handle)
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        record = project.controller()
        if record is not None and record.pid == child.pid:
            return record
        if child.poll() is not None:
            raise _failure(project, begun_at, "the controller did not start")
        time.sleep(TICK_S)
    child.terminate()
    raise _failure(project, begun_at, f"the controller did not answer in {START_TIMEOUT_S:g} s")


def _failure(project: "Project", begun_at: int, what: str) -> OrchestratorError:
    """What it said before it gave up: its own error where it gave one."""
    with project.log_file.open("rb") as log:
        log.seek(begun_at)
        lines = log.read().decode(errors="replace").splitlines()
    for index, line in enumerate(lines):
        if line.startswith("error: "):
            remedy = "\n".join(lines[index + 1 :]).strip()
            return OrchestratorError(line.removeprefix("error: "), remedy=remedy)
    last = "".join(f"\n  | {line}" for line in lines[-LOG_LINES:])
    return OrchestratorError(f"{what}{last}", remedy=f"its log: {project.log_file}")
