"""The controller of `orch up --detach`, in a process of its own: `python -m …background`.

It is told what to want through its API, and ends on `orch down` or SIGTERM, with nothing left.
Everything it has to say goes to the project's `controller.log`, which is its stdout.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from typing import Final

from orchestrator.api.server import ServeOptions, serving
from orchestrator.cli.forgetting import forget
from orchestrator.cli.interrupts import Interrupts
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.timing import PROFILES
from orchestrator.runtime.project import resolve

LOG_FORMAT: Final = "%(asctime)s %(levelname)s %(message)s"
_log = logging.getLogger("orchestrator")


def arguments(options: ServeOptions) -> list[str]:
    """The command line that makes a new process serve `options`."""
    project = options.project
    port = [] if options.api_port is None else ["--api-port", str(options.api_port)]
    return [
        sys.executable, "-m", "orchestrator.cli.background",
        "--project", project.name, "--state-dir", str(project.folder.parent),
        "--engine", options.engine, "--timing", options.timing.name,
        "--proxy-workers", str(options.proxy_workers), *port,
    ]  # fmt: skip


def parsed(argv: Sequence[str]) -> ServeOptions:
    """The reverse of `arguments`."""
    parser = argparse.ArgumentParser()
    for name in ("--project", "--state-dir", "--engine", "--timing"):
        parser.add_argument(name, required=True)
    parser.add_argument("--proxy-workers", type=int, required=True)
    parser.add_argument("--api-port", type=int)
    given = parser.parse_args(argv)
    return ServeOptions(
        resolve(given.project, given.state_dir),
        PROFILES[given.timing],
        given.engine,
        given.api_port,
        given.proxy_workers,
    )


async def control(options: ServeOptions) -> None:
    """Serve until told to stop, then remove everything of the project."""
    interrupts = Interrupts(again=lambda: _log.info("still stopping"))
    async with serving(options) as served:
        _log.info("%s", served.engine_reason)
        _log.info("serving project %s at %s", options.project.name, served.url)
        ends = [
            asyncio.create_task(one)
            for one in (interrupts.stop.wait(), served.shutdown.wait(), served.controller.failed())
        ]
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for task in ends:
            task.cancel()
        for task in done:
            task.result()
        _log.info("removing everything of project %s", options.project.name)
        await served.controller.destroy()
    forget(options.project)


def main(argv: Sequence[str]) -> int:
    """Serve; the exit code."""
    logging.basicConfig(level=logging.INFO, stream=sys.stdout, format=LOG_FORMAT)
    try:
        asyncio.run(control(parsed(argv)))
    except OrchestratorError as error:
        sys.stdout.write(f"error: {error}\n" + (f"  {error.remedy}\n" if error.remedy else ""))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
