"""A controller in a process of its own, as `orch up` is, to be killed.

Arguments: state folder, project, engine. Says its address when it answers.
"""

import asyncio
import sys
from pathlib import Path

from orchestrator.api.server import ServeOptions, serving
from orchestrator.engines.select import Kind
from orchestrator.runtime.project import Project
from tests.support.rig import QUICK


async def main(base: Path, project: str, engine: Kind) -> None:
    """Serve until killed."""
    options = ServeOptions(Project(project, base), QUICK, engine=engine, api_port=0)
    async with serving(options) as served:
        print(served.url, flush=True)
        await served.shutdown.wait()
        await served.controller.destroy()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))  # type: ignore[arg-type]
