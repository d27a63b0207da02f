"""Stopping and removing: in time, wholly, and as often as one likes."""

import contextlib
import dataclasses
import sys
import time
from pathlib import Path

import pytest

from orchestrator.engines.base import Engine
from tests.engines.contract.bench import (
    STUBBORN,
    WAIT,
    Bench,
    ended,
    find,
    listening,
    python,
    said,
    texts,
)
from tests.support.wait import eventually_async

POLITE = "import signal; signal.signal(15, lambda *_: (print('bye', flush=True), exit(0)))\n" + WAIT
PARENT = """
import os, signal, subprocess, sys
child = "import os, signal; signal.signal(15, signal.SIG_IGN); signal.pause()"
subprocess.Popen([sys.executable, "-c", child])
subprocess.Popen([sys.executable, "-c", child], start_new_session=True)
print("up", flush=True)
signal.pause()
"""


async def test_stop_lets_the_app_end_by_itself(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(1, python(POLITE))
    replica = await engine.start(launch)
    await said(engine, replica, "up")
    await engine.stop(replica.engine_id, 10)
    stopped = await find(engine, launch.id)
    assert stopped is not None
    assert not stopped.running
    assert stopped.exit is not None
    assert stopped.exit.code == 0
    assert await texts(engine, stopped) == ["up", "bye"]


async def test_one_that_ignores_sigterm_is_killed_at_the_deadline(
    bench: Bench, engine: Engine
) -> None:
    launch = bench.launch(1, python(STUBBORN))
    replica = await engine.start(launch)
    await said(engine, replica, "up")
    before = time.monotonic()
    await engine.stop(replica.engine_id, 1)
    assert 1 <= time.monotonic() - before < 5
    how = (await ended(engine, launch.id)).exit
    assert how is not None
    assert how.code == 137


async def test_one_that_is_stopped_by_a_signal_is_killed_at_the_deadline(
    bench: Bench, engine: Engine
) -> None:
    """SIGTERM waits until SIGCONT, which nobody sends."""
    launch = bench.launch(1, python(POLITE))
    replica = await engine.start(launch)
    await said(engine, replica, "up")
    await engine.signal(replica.engine_id, "STOP")
    before = time.monotonic()
    await engine.stop(replica.engine_id, 1)
    assert 1 <= time.monotonic() - before < 5
    how = (await ended(engine, launch.id)).exit
    assert how is not None
    assert how.code == 137


async def test_one_that_was_stopped_by_a_signal_goes_on(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(1, python(POLITE))
    replica = await engine.start(launch)
    await said(engine, replica, "up")
    for signal in ("STOP", "TERM", "CONT"):
        await engine.signal(replica.engine_id, signal)
    stopped = await ended(engine, launch.id)
    assert stopped.exit is not None
    assert stopped.exit.code == 0
    assert await texts(engine, stopped) == ["up", "bye"]


async def test_stopping_what_is_gone_succeeds(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(1, python("exit(5)"))
    replica = await engine.start(launch)
    await ended(engine, launch.id)
    await engine.stop(replica.engine_id, 1)
    stopped = await find(engine, launch.id)
    assert stopped is not None
    assert stopped.exit is not None
    assert stopped.exit.code == 5
    await engine.remove(replica.engine_id)
    await engine.stop(replica.engine_id, 1)


async def test_removing_twice_succeeds_and_is_told(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(1, python(WAIT))
    replica = await engine.start(launch)
    async with listening(engine) as ear:
        await engine.remove(replica.engine_id)
        assert await engine.list() == []
        await engine.remove(replica.engine_id)
        assert (await ear.kinds(launch.id, "removed"))[-1] == "removed"


async def test_a_removed_attempt_can_be_started_anew(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(1, python(WAIT))
    first = await engine.start(launch)
    await engine.remove(first.engine_id)
    second = await engine.start(launch)
    assert second.running
    assert len(await engine.list()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_grandchildren_die_with_the_replica(bench: Bench, engine: Engine) -> None:
    """One in its session and one that left it, both deaf to SIGTERM."""
    mark = f"GRANDCHILD_OF={bench.project}"
    launch = bench.launch(1, python(PARENT))
    launch = dataclasses.replace(launch, env={**launch.env, "GRANDCHILD_OF": bench.project})
    replica = await engine.start(launch)
    await said(engine, replica, "up")
    await eventually_async(lambda: len(running_with(mark)) >= 3)
    await engine.signal(replica.engine_id, "KILL")
    await eventually_async(lambda: not running_with(mark))


def running_with(variable: str) -> list[int]:
    """Pids on this machine, in containers too, with `NAME=value` in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if variable.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found
