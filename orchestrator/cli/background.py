"""The controller of `orch up --detach`, in a process of its own: `python -m …background`.

It loads itself and waits for what to want first: JSON on its standard input (null: what it wanted
before). Whoever began it and says nothing has changed their mind. It ends on `orch down` or
SIGTERM, with nothing left. What it has to say goes to the project's `controller.log`.
"""

import asyncio
import importlib
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from orchestrator.api.server import Served, ServeOptions, serving
from orchestrator.cli.controller_options import ControllerOptions
from orchestrator.cli.forgetting import forget
from orchestrator.cli.interrupts import Interrupts
from orchestrator.model.errors import OrchestratorError
from orchestrator.runtime.project import Project

LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"
_log = logging.getLogger("orchestrator")


async def control(options: ServeOptions) -> None:
    """Serve until told to stop, then remove everything of the project."""
    interrupts = Interrupts(again=lambda: _log.info("still stopping"))
    async with serving(options) as served:
        _log.info("%s", served.engine_reason)
        _log.info("serving project %s at %s", options.project.name, served.url)
        await _until_stopped(served, interrupts.stop)
        _log.info("removing everything of project %s", options.project.name)
        await served.controller.destroy()
    forget(options.project)


async def _until_stopped(served: Served, stop: asyncio.Event) -> None:
    ends = [
        asyncio.create_task(stop.wait()),
        asyncio.create_task(served.shutdown.wait()),
        asyncio.create_task(served.controller.failed()),
    ]
    done, pending = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    for task in done:
        task.result()


def main(argv: Sequence[str]) -> int:
    """Serve; the exit code."""
    options = ControllerOptions.parse(argv)
    if options.engine not in ("process", "simulated"):
        importlib.import_module("orchestrator.engines.docker")
    told = sys.stdin.buffer.read()
    if not told:
        return 0
    _write_to(Project(options.project, options.state_dir).log_file)
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format=LOG_FORMAT)
    # Its lines on being started and stopped say less than ours.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        asyncio.run(control(options.serve_options(json.loads(told))))
    except OrchestratorError as error:
        sys.stdout.write(f"error: {error}\n" + (f"  {error.remedy}\n" if error.remedy else ""))
        return 1
    return 0


def _write_to(log: Path) -> None:
    """From here on both outputs are the log: nothing holds the terminal any more."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(descriptor, stream.fileno())
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
