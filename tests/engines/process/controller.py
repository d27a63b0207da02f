"""A controller to be killed: starts replicas of `app` one after the other.

Arguments: state folder, project, how many, and perhaps before which of its steps (calls that open,
make, rename or start something, from 1) it is to die. Says `started N` after each.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from orchestrator.engines.process import ProcessEngine
from tests.engines.contract.bench import WAIT, Bench, python

STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "subprocess.Popen"}


def die_before(step: int) -> None:
    """Die by SIGKILL before that step, counted from now."""
    left = step

    def watch(event: str, _: tuple[object, ...]) -> None:
        nonlocal left
        left -= event in STEPS
        if left == 0 and event in STEPS:  # killing is an event too
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


async def main(state_dir: Path, project: str, count: int, step: int = 0) -> None:
    """Start them all and wait for the end."""
    engine = ProcessEngine(project, state_dir / project, use_cgroups=False)
    await engine.open()
    bench = Bench("process-plain", state_dir)
    print("open", flush=True)
    if step:
        die_before(step)
    for slot in range(1, count + 1):
        env = {"MARK": f"{project}/{slot}"}
        await engine.start(bench.launch(slot, python(WAIT), env=env, port=8000))
        print(f"started {slot}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])))
