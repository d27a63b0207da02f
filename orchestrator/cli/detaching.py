"""Starting a controller in the background, and being sure that it runs."""

import contextlib
import json
import subprocess
import time
from collections.abc import Iterator
from typing import Any, Final

from orchestrator.cli.controller_options import ControllerOptions
from orchestrator.model.errors import OrchestratorError
from orchestrator.runtime.project import ControllerRecord, Project

START_TIMEOUT_S: Final = 30.0
TICK_S: Final = 0.02
LOG_LINES: Final = 10


class Begun:
    """A controller's process that has begun to load itself, and does nothing until told."""

    def __init__(self, options: ControllerOptions) -> None:
        self._project = Project(options.project, options.state_dir)
        self.process = subprocess.Popen(
            options.argv(), stdin=subprocess.PIPE, start_new_session=True
        )

    def start(self, manifests: dict[str, Any] | None) -> ControllerRecord:
        """Have it control, and apply this first (None: what it wanted before); return when it
        answers. Raises `OrchestratorError`; then nothing is left where there was nothing before.
        """
        project = self._project
        fresh = not project.database.exists()
        project.create()
        begun_at = project.log_file.stat().st_size if project.log_file.exists() else 0
        try:
            self._tell(manifests)
            _get_ready()
            return _announced(project, self.process, begun_at)
        except (OrchestratorError, KeyboardInterrupt):
            _end(self.process)
            if fresh:
                _forget(project)
            raise

    def _tell(self, manifests: dict[str, Any] | None) -> None:
        assert self.process.stdin is not None  # noqa: S101 - it was asked for
        with contextlib.suppress(BrokenPipeError), self.process.stdin as pipe:
            pipe.write(json.dumps(manifests).encode())

    def forgo(self) -> None:
        """Unless it was told to start: let it end."""
        assert self.process.stdin is not None  # noqa: S101 - it was asked for
        if not self.process.stdin.closed:
            self.process.stdin.close()
            _end(self.process)


@contextlib.contextmanager
def begun(options: ControllerOptions) -> Iterator[Begun]:
    """The process loads what it needs (a quarter of a second) while the block reads manifests."""
    process = Begun(options)
    try:
        yield process
    finally:
        process.forgo()


def _forget(project: Project) -> None:
    from orchestrator.cli.forgetting import forget

    forget(project)


def _get_ready() -> None:
    """Load what is needed next while the other process works."""
    import orchestrator.cli.ending
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
