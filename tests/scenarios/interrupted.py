"""Tests in the middle of their work, to be killed: a controller in this process, one as `orch up`
makes it, replicas of both. Says the folder of its run.

Argument: the engine.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.cli.manifests import NODES, web, write
from tests.cli.orch import Orch
from tests.support.guardian import guardian
from tests.support.ports import free_port
from tests.support.rig import Rig, apply, settle


async def main(engine: str) -> None:
    """Go on until killed."""
    base = Path(tempfile.mkdtemp(dir=guardian().folder))
    rig = Rig(engine, base)
    controller = await rig.controller()
    apply(controller, rig.service(replicas=2))
    await settle(controller)
    orch = Orch(base, f"interrupted-{os.getpid()}")
    guardian().watch(orch.project, base / orch.project)
    orch.up("-f", write(base, NODES, web(free_port())), "--wait")
    print(guardian().folder, rig.project.name, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
