"""A pid that was given to another process: that one is never touched."""

import signal
from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine, identity
from orchestrator.engines.process.identity import Process
from orchestrator.model.errors import NotFoundError
from orchestrator.model.state import Exit
from tests.engines.contract.bench import WAIT, Bench, find, python, said


def forge(folder: Path, bench: Bench, pid: int, boot: str | None = None) -> None:
    """Write down that `app-1.1` was run by process `pid`, which began at another time."""
    record = (folder / "app-1.1" / "record.json").read_text()
    if boot is not None:
        (folder / "app-1.1" / "record.json").write_text(record.replace(identity.boot_id(), boot))
    line = Path(f"/proc/{pid}/stat").read_text().split()
    line[21] = str(int(line[21]) - 1) if boot is None else line[21]
    (folder / "app-1.1" / "claim").write_text(f"{' '.join(line)}\n{' '.join(line)}\n")


async def dead(engine: ProcessEngine, bench: Bench) -> None:
    """Leave the record of a replica that has ended."""
    replica = await engine.start(bench.launch(1, python(WAIT)))
    await engine.stop(replica.engine_id, 0)


@pytest.mark.parametrize("boot", [None, "another-boot"])
async def test_a_stranger_with_a_replicas_pid_is_left_alone(
    bench: Bench, engine: ProcessEngine, folder: Path, stranger: int, boot: str | None
) -> None:
    await dead(engine, bench)
    forge(folder, bench, stranger, boot)
    (listed,) = await engine.list()
    assert (listed.engine_id, listed.running) == (str(stranger), False)
    with pytest.raises(NotFoundError):
        await engine.signal(listed.engine_id, "KILL")
    with pytest.raises(NotFoundError):
        await engine.exec(listed.engine_id, ["true"], 5)
    assert await engine.stats([listed.engine_id]) == {}
    await engine.stop(listed.engine_id, 0)
    await (await bench.engine()).stop(listed.engine_id, 0)
    await engine.remove(listed.engine_id)
    await engine.destroy()
    found = identity.stat(stranger)
    assert found is not None
    assert not found.ended


def test_signals_go_to_the_very_process_only(stranger: int) -> None:
    found = identity.stat(stranger)
    assert found is not None
    other = Process(stranger, str(int(found.process.start) - 1))
    assert not identity.send(other, signal.SIGKILL)
    assert not identity.send_group(other, signal.SIGKILL)
    assert identity.alive(found.process)
    assert identity.send(found.process, signal.SIGCONT)


async def test_a_pid_that_a_kept_record_bears_is_not_used_again(
    bench: Bench, engine: ProcessEngine, folder: Path
) -> None:
    """Callers know replicas by their pid: two of the same would be mistaken for each other."""
    for slot in range(1, 9):
        replica = await engine.start(bench.launch(slot, python("exit(0)")))
        await engine.stop(replica.engine_id, 5)
    newest = int(replica.engine_id)
    for slot in range(1, 9):
        taken = f"{newest + slot} (sh) Z " + "0 " * 49
        (folder / f"app-{slot}.1" / "claim").write_text(f"{taken}\n{taken}\n")
    second = await bench.engine()
    started = await second.start(bench.launch(9, python(WAIT)))
    ids = [one.engine_id for one in await second.list()]
    assert sorted(set(ids)) == sorted(ids)
    assert started.running
    await second.remove(started.engine_id)
    assert len(await second.list()) == 8


async def test_a_killed_keeper_ends_its_app(bench: Bench, engine: ProcessEngine) -> None:
    launch = bench.launch(1, python(WAIT))
    replica = await engine.start(launch)
    await said(engine, replica, "up")
    app = identity.stat(int(replica.engine_id))
    assert app is not None
    keeper = identity.stat(app.session)
    assert keeper is not None
    identity.send(keeper.process, signal.SIGKILL)
    await engine.stop(replica.engine_id, 5)
    assert not identity.alive(app.process)
    found = await find(engine, launch.id)
    assert found is not None
    assert found.exit == Exit(code=137)
