"""The system has no descriptor, process or space left: refused clearly, and later it goes on."""

import asyncio
import contextlib
import os
import resource
import signal
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine, identity
from orchestrator.model.errors import EngineError, EngineUnavailableError
from tests.engines.contract.bench import WAIT, Bench, listening, python
from tests.support.wait import eventually_async

NO_PROCESS = """
import asyncio, os, resource, sys
from pathlib import Path
from orchestrator.engines.process import ProcessEngine
from orchestrator.model.errors import EngineError
from tests.engines.contract.bench import WAIT, Bench

async def main(state_dir):
    engine = ProcessEngine("shortage", state_dir, use_cgroups=False)
    await engine.open()
    soft, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    if os.geteuid() == 0:  # root is not bound by this limit
        os.setuid(65534)
    resource.setrlimit(resource.RLIMIT_NPROC, (1, hard))
    launch = Bench("process-plain", state_dir).launch(1, ("/bin/sleep", "600"), workdir="/")
    try:
        await engine.start(launch)
    except EngineError as error:
        print(error, "|", error.remedy)
    assert await engine.list() == []
    await engine.close()

asyncio.run(main(Path(sys.argv[1])))
"""


def descriptors() -> set[int]:
    """All we have open."""
    return {int(path.name) for path in Path("/dev/fd").iterdir() if path.is_symlink()}


@contextlib.contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Every number up to the limit is in use."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(descriptors()) + 1, limit[1]))
    filler = []
    try:
        with contextlib.suppress(OSError):
            while True:
                filler.append(os.dup(0))
        yield
    finally:
        for descriptor in filler:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)


async def test_no_descriptor_is_refused_and_then_it_works(
    bench: Bench, engine: ProcessEngine
) -> None:
    launch = bench.launch(1, python(WAIT), port=8000)
    with no_descriptor_left(), pytest.raises(EngineError, match="Too many open files"):
        await engine.start(launch)
    assert await engine.list() == []
    assert (await engine.start(launch)).running


async def test_not_knowing_never_passes_for_dead(bench: Bench, engine: ProcessEngine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    with no_descriptor_left():
        for call in (engine.list(), engine.stop(replica.engine_id, 0), engine.stats(["1"])):
            with pytest.raises(EngineError, match="Too many open files"):
                await call
    assert await engine.list() == [replica]


async def test_an_end_for_want_of_descriptors_is_told_later(
    bench: Bench, engine: ProcessEngine
) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    async with listening(engine) as ear:
        with no_descriptor_left():
            os.kill(int(replica.engine_id), signal.SIGKILL)
            await eventually_async(lambda: not engine._ending._watcher._descriptors)
        assert (await ear.exit(replica.id)).code == 137


async def test_no_process_is_refused(state_dir: Path) -> None:
    state_dir.chmod(0o777)
    (state_dir / "process").mkdir(mode=0o777)
    (state_dir / "process").chmod(0o777)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(NO_PROCESS), str(state_dir)),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert b"app-1 could not be started: Resource temporarily unavailable | " in output
    assert process.returncode == 0


async def test_a_state_folder_that_cannot_be_used_is_refused(state_dir: Path) -> None:
    (state_dir / "process").write_text("not a folder")
    engine = ProcessEngine("any", state_dir, use_cgroups=False)
    with pytest.raises(EngineUnavailableError, match="cannot use"):
        await engine.open()


async def test_nothing_is_held_after_many_replicas(bench: Bench, engine: ProcessEngine) -> None:
    """No descriptor, no zombie, no file."""
    before = descriptors()
    keepers: list[int] = []
    for slot in range(1, 31):
        replica = await engine.start(bench.launch(slot, ("sleep", "600"), port=8000))
        keepers.append(os.getsid(int(replica.engine_id)))
        await engine.remove(replica.engine_id)
    assert descriptors() == before
    dead = [stat.process.pid for stat in identity.every_stat() if stat.ended]
    assert set(dead).isdisjoint(keepers)
    assert await engine.list() == []
