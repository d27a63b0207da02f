"""The controller is killed at any moment: nothing is lost, nothing runs twice, nothing dies."""

import asyncio
import contextlib
import dataclasses
import os
import random
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine, keeper, ledger
from orchestrator.engines.process.identity import boot_id
from orchestrator.engines.process.ledger import Ledger
from tests.engines.contract.bench import WAIT, Bench, listening, python
from tests.engines.contract.test_stop import running_with
from tests.support.wait import eventually, eventually_async

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
COUNT = 12


@contextlib.asynccontextmanager
async def controller(bench: Bench, *numbers: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A controller in a process of its own, open and about to start replicas: how many, and
    before which step it dies."""
    arguments = [str(bench.state_dir), bench.project, *map(str, numbers)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.engines.process.controller", *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await line(process, "open")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def line(process: asyncio.subprocess.Process, expected: str) -> None:
    """Wait until a controller has said that."""
    assert process.stdout is not None
    while text := (await process.stdout.readline()).decode().strip():
        if text == expected:
            return
    raise AssertionError(f"it never said {expected}")


@pytest.mark.parametrize("seed", range(4))
async def test_killed_at_any_moment_nothing_is_lost_or_doubled(bench: Bench, seed: int) -> None:
    """At steps the test does not choose: in the middle of a system call, or while it waits."""
    delay = random.Random(seed).uniform(0, 0.12)
    async with controller(bench, COUNT) as killed:
        killer = asyncio.get_running_loop().call_later(delay, killed.kill)
        await killed.wait()
        killer.cancel()
    await converges(bench, COUNT)


@pytest.mark.parametrize("step", range(1, 19))
async def test_killed_before_any_step_nothing_is_lost_or_doubled(bench: Bench, step: int) -> None:
    async with controller(bench, 1, step) as killed:
        assert killed.stdout is not None
        await killed.stdout.readline()  # it has died or has come through
    await converges(bench, 1)


async def converges(bench: Bench, count: int) -> None:
    """A new instance adopts what runs, starts the rest, and each replica then runs once."""
    engine = await bench.engine()
    known = {one.id.slot: one for one in await engine.list() if one.running}
    for slot in range(1, count + 1):
        env = {"MARK": f"{bench.project}/{slot}"}
        replica = await engine.start(bench.launch(slot, python(WAIT), env=env, port=8000))
        assert replica.running
        if slot in known:
            assert replica == known[slot]
    listed = await engine.list()
    assert [one.running for one in listed] == [True] * count
    for one in listed:
        apps = await app_and_keeper(f"MARK={bench.project}/{one.id.slot}")
        assert int(one.engine_id) in apps


async def app_and_keeper(variable: str) -> list[int]:
    """Pids of both. While an app's program is being loaded its environment reads as empty."""

    def both() -> list[int]:
        pids = running_with(variable)
        assert len(pids) == 2
        return pids

    return await eventually_async(both)


async def test_replicas_survive_and_their_ends_are_told(bench: Bench) -> None:
    async with controller(bench, 2) as killed:
        await line(killed, "started 2")
        killed.kill()
        await killed.wait()
        engine = await bench.engine()
        first, second = await engine.list()
        assert first.running
        assert second.running
        async with listening(engine) as ear:
            await engine.signal(first.engine_id, "KILL")
            assert (await ear.exit(first.id)).code == 137
        await engine.stop(second.engine_id, 5)
    assert running_with(f"MARK={bench.project}/2") == []


async def test_ctrl_c_reaches_the_controller_only(bench: Bench) -> None:
    """Replicas lead sessions of their own: no signal of the terminal's group gets there."""
    async with controller(bench, 1) as killed:
        await line(killed, "started 1")
        app = await app_and_keeper(f"MARK={bench.project}/1")
        assert {os.getsid(pid) for pid in app}.isdisjoint({os.getsid(killed.pid)})
        killed.send_signal(signal.SIGINT)
        await killed.wait()
        assert await app_and_keeper(f"MARK={bench.project}/1") == app


async def test_an_intent_that_never_ran_is_begun_anew(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    """As if killed between writing the intent and the start."""
    launch = bench.launch(1, python(WAIT))
    first = await engine.start(launch)
    await engine.stop(first.engine_id, 0)
    (folder / "app-1.1" / "claim").unlink()
    second = await bench.engine()
    (listed,) = await second.list()
    assert (listed.running, listed.exit, listed.engine_id) == (False, None, "app-1.1")
    started = await second.start(launch)
    assert started.running
    assert len(await second.list()) == 1


async def test_an_intent_that_never_ran_can_be_removed(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    await engine.stop(replica.engine_id, 0)
    (folder / "app-1.1" / "claim").unlink()
    await engine.remove("app-1.1")
    assert await engine.list() == []
    assert list(folder.iterdir()) == []


async def test_a_claim_is_made_once(bench: Bench, engine: ProcessEngine, folder: Path) -> None:
    """Who comes late finds the claim and runs nothing."""
    replica = await engine.start(bench.launch(1, python(WAIT)))
    env = {"MARK": bench.project, "PATH": os.environ["PATH"]}
    late = keeper.Command(["sleep", "600"], env, "/")
    assert await keeper.launch(late, folder / "app-1.1", None) is None
    assert running_with(f"MARK={bench.project}") == []
    (listed,) = await engine.list()
    assert listed == replica


async def test_an_intent_taken_back_is_never_run(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    """A starter that was late in the folder that is being removed runs nothing."""
    replica = await engine.start(bench.launch(1, python(WAIT)))
    await engine.stop(replica.engine_id, 0)
    (folder / "app-1.1" / "claim").unlink()
    entry = ledger.read(folder / "app-1.1")
    assert entry is not None
    book = ledger.Ledger(folder)
    assert book.forbid(entry) is entry
    hidden = book.discard(entry)
    assert hidden is not None
    env = {"MARK": bench.project, "PATH": os.environ["PATH"]}
    assert await keeper.launch(keeper.Command(["sleep", "600"], env, "/"), hidden, None) is None
    assert running_with(f"MARK={bench.project}") == []


async def test_removing_meets_a_late_starter(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    """It claimed after the remover had looked: what it began is ended."""
    replica = await engine.start(bench.launch(1, python(WAIT), env={"MARK": bench.project}))
    entry = ledger.read(folder / "app-1.1")
    assert entry is not None
    await engine._ending.remove(dataclasses.replace(entry, claim=None))
    assert running_with(f"MARK={bench.project}") == []
    assert await engine.list() == []
    assert replica.running


async def test_an_interrupted_removal_is_finished(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    await engine.stop(replica.engine_id, 0)
    (folder / "app-1.1" / "claim").write_text("nobody\n")
    second = await bench.engine()
    assert [one.running for one in await second.list()] == [False]
    await second.remove("app-1.1")
    assert await second.list() == []


async def test_what_an_interrupted_write_left_is_swept(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    for name in (".new-1", ".gone-2"):
        (folder / name).mkdir()
        (folder / name / "record.json").write_text("{")
    (folder / "app-7.1").mkdir()
    second = await bench.engine()
    assert [path.name for path in folder.iterdir()] == ["app-7.1"]
    (listed,) = await second.list()
    assert (listed.running, listed.revision) == (False, "")
    assert (await second.start(bench.launch(7, python(WAIT)))).running


async def test_a_replica_whose_record_was_spoilt_is_still_ruled(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    env = {"MARK": bench.project}
    replica = await engine.start(bench.launch(1, python(WAIT), env=env))
    (folder / "app-1.1" / "record.json").write_text('{"id":')
    second = await bench.engine()
    (listed,) = await second.list()
    assert (listed.id, listed.running, listed.revision) == (replica.id, True, "")
    await second.remove(listed.engine_id)
    assert running_with(f"MARK={bench.project}") == []
    assert await second.list() == []


async def test_removing_ends_what_a_late_starter_began(bench: Bench) -> None:
    async with controller(bench, 1) as killed:
        await line(killed, "started 1")
    engine = await bench.engine()
    (replica,) = await engine.list()
    await engine.remove(replica.engine_id)
    await eventually_async(lambda: not running_with(f"MARK={bench.project}/1"))


async def test_who_claims_a_folder_while_it_is_cleared_is_ended(
    bench: Bench, engine: ProcessEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The starter waits to join its limits; it goes on once its claim's place is free again. What
    it is looked for by is not in its environment, as that is empty while a program is loaded."""
    gate = bench.state_dir / "gate"
    os.mkfifo(gate)
    env = {"MARK": f"{bench.project}/late", "PATH": os.environ["PATH"]}
    record = ledger.Record(bench.launch(1, ()).id, "n1", "", "late", boot_id(), "/", None, (), 0, 0)
    command = keeper.Command(python(WAIT), env, "/", cgroup_files=[str(gate)])
    starting = asyncio.create_task(keeper.launch(command, Ledger(folder).create(record), None))
    await eventually_async(lambda: running_with(f"MARK={bench.project}/late"))
    cleared = 0

    def clear(path: Path, ignore_errors: bool = False) -> None:
        nonlocal cleared
        cleared += 1
        for file in path.iterdir():
            file.unlink()
        if cleared == 1:
            assert gate.read_text() == "0\n"
            eventually((path / "claim").exists)
        with contextlib.suppress(OSError):
            path.rmdir()

    monkeypatch.setattr(shutil, "rmtree", clear)
    (replica,) = await engine.list()
    await engine.remove(replica.engine_id)
    monkeypatch.undo()
    await starting
    await eventually_async(lambda: not running_with(f"MARK={bench.project}/late"))
    assert list(folder.iterdir()) == []
