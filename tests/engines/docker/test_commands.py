"""Commands inside: bounded in time and in what they print."""

import os

import pytest

from orchestrator.engines.docker import DockerEngine
from orchestrator.engines.docker.execution import MAX_OUTPUT_BYTES
from orchestrator.model.errors import EngineTimeoutError
from tests.engines.contract.bench import WAIT, Bench, python
from tests.engines.contract.test_stop import running_with
from tests.support.wait import eventually_async

pytestmark = pytest.mark.docker

FAMILY = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'input()'],"
    " stdin=subprocess.PIPE); print('up', flush=True); time.sleep(600)"
)


def refuse(*_: object) -> None:
    """What a user outside of the container's user namespace gets."""
    raise PermissionError


@pytest.mark.parametrize("privileged", [True, False])
async def test_one_that_takes_too_long_is_killed_with_its_children(
    bench: Bench, engine: DockerEngine, privileged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not privileged:
        monkeypatch.setattr(os, "killpg", refuse)
    replica = await engine.start(bench.launch(1, python(WAIT)))
    mark = f"MARK={bench.project}"
    with pytest.raises(EngineTimeoutError, match=r"took over 1\.0 s"):
        await engine.exec(replica.engine_id, ["env", mark, *python(FAMILY)], 1.0)
    await eventually_async(lambda: not running_with(mark))
    assert (await engine.exec(replica.engine_id, ["true"], 10)).exit_code == 0


async def test_what_it_prints_is_bounded(bench: Bench, engine: DockerEngine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    flood = f"import sys; sys.stdout.write('z' * {MAX_OUTPUT_BYTES + 100_000}); exit(5)"
    result = await engine.exec(replica.engine_id, python(flood), 30)
    assert (len(result.stdout), result.exit_code) == (MAX_OUTPUT_BYTES, 5)
