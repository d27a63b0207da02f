"""Limits: in control groups where these are permitted, by rlimit where not."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine, cgroup, ledger
from orchestrator.engines.process.cgroup import Cgroups, Limits
from orchestrator.model.spec import SecuritySpec
from tests.engines.contract.bench import WAIT, Bench, ended, find, python, said, texts
from tests.support.wait import eventually_async

SHOW = "print(open('/proc/self/cgroup').read())"
BOMB = """
import os, time
count = 0
try:
    while count < 100:
        if os.fork() == 0:
            time.sleep(600)
        count += 1
except BlockingIOError:
    print("stopped at", count, flush=True)
"""


@pytest.fixture
async def bounded(state_dir: Path) -> AsyncIterator[tuple[Bench, ProcessEngine]]:
    """An engine with control groups, or no test."""
    bench = Bench("process", state_dir)
    try:
        engine = await bench.engine()
        assert isinstance(engine, ProcessEngine)
        if not engine.limits >= {"memory", "cpu", "pids"}:
            pytest.skip("control groups are not permitted here")
        yield bench, engine
    finally:
        await bench.clear()


def groups(bench: Bench) -> list[Path]:
    """The control groups of `app-1.1`."""
    entry = ledger.read(bench.state_dir / bench.project / "process" / "app-1.1")
    assert entry is not None
    return [Path(folder) for folder in entry.record.cgroups]


def setting(folders: list[Path], *names: str) -> str:
    """What is set in whichever of these files there is."""
    files = [folder / name for folder in folders for name in names]
    return next(file.read_text().strip() for file in files if file.exists())


async def test_the_app_is_in_its_groups_before_it_begins(
    bounded: tuple[Bench, ProcessEngine],
) -> None:
    bench, engine = bounded
    replica = await engine.start(bench.launch(1, python(SHOW)))
    await ended(engine, replica.id)
    seen = "\n".join(await texts(engine, replica))
    assert seen.count(f"/orchestrator/{bench.project}/app-1.1-") == len(groups(bench))


async def test_limits_are_set(bounded: tuple[Bench, ProcessEngine]) -> None:
    bench, engine = bounded
    launch = bench.launch(
        1,
        python(WAIT),
        cpu_limit_millicores=250,
        memory_limit_bytes=64 * 2**20,
        security=SecuritySpec(pids_limit=17),
    )
    await engine.start(launch)
    folders = groups(bench)
    assert setting(folders, "memory.max", "memory.limit_in_bytes") == str(64 * 2**20)
    assert setting(folders, "cpu.max", "cpu.cfs_quota_us").split()[0] == "25000"
    assert setting(folders, "pids.max") == "17"


async def test_a_fork_bomb_is_capped_and_cleared(bounded: tuple[Bench, ProcessEngine]) -> None:
    bench, engine = bounded
    launch = bench.launch(1, python(BOMB), security=SecuritySpec(pids_limit=20))
    replica = await engine.start(launch)
    await said(engine, replica, "stopped at 19")
    folders = [str(folder) for folder in groups(bench)]
    await eventually_async(lambda: not cgroup.members(folders))
    assert not (await engine.list())[0].running


async def test_exec_runs_within_the_limits(bounded: tuple[Bench, ProcessEngine]) -> None:
    bench, engine = bounded
    replica = await engine.start(bench.launch(1, python(WAIT)))
    result = await engine.exec(replica.engine_id, ["cat", "/proc/self/cgroup"], 5)
    assert f"/orchestrator/{bench.project}/app-1.1-".encode() in result.stdout


async def test_groups_go_with_their_replicas(bounded: tuple[Bench, ProcessEngine]) -> None:
    bench, engine = bounded
    replica = await engine.start(bench.launch(1, python(WAIT)))
    folders = groups(bench)
    assert all(folder.is_dir() for folder in folders)
    await engine.remove(replica.engine_id)
    assert not any(folder.exists() for folder in folders)
    await engine.destroy()
    assert not any(folder.parent.exists() for folder in folders)


async def test_starts_that_meet_a_destroy_leave_nothing(
    bounded: tuple[Bench, ProcessEngine],
) -> None:
    bench, engine = bounded
    first = await engine.start(bench.launch(99, python(WAIT)))
    entry = ledger.read(bench.state_dir / bench.project / "process" / str(first.id))
    assert entry is not None
    project = [Path(folder).parent for folder in entry.record.cgroups]
    launches = [bench.launch(slot, ("sleep", "600"), port=8000) for slot in range(1, 11)]
    starts = [asyncio.create_task(engine.start(launch)) for launch in launches]
    await asyncio.gather(engine.destroy(), *starts, return_exceptions=True)
    await engine.destroy()
    assert await engine.list() == []
    assert not any(folder.exists() for folder in project)


async def test_without_groups_memory_is_bounded_by_rlimit(
    bench: Bench, engine: ProcessEngine
) -> None:
    code = "import json, resource; print(json.dumps(resource.getrlimit(resource.RLIMIT_DATA)))"
    launch = bench.launch(1, python(code), memory_limit_bytes=100 * 2**20)
    replica = await engine.start(launch)
    await ended(engine, replica.id)
    (said_,) = await texts(engine, replica)
    assert json.loads(said_) == [100 * 2**20] * 2
    assert engine.limits == frozenset()


def test_settings_of_both_versions() -> None:
    settings = dict(Limits(cpu_millicores=1500, memory_bytes=2**20, pids=5).settings)
    assert settings["cpu.max"] == "150000 100000"
    assert (settings["cpu.cfs_period_us"], settings["cpu.cfs_quota_us"]) == ("100000", "150000")
    assert settings["memory.max"] == settings["memory.memsw.limit_in_bytes"] == str(2**20)
    assert settings["memory.swap.max"] == "0"
    assert Limits(None, None, None).settings == []


def test_usage_of_version_2(tmp_path: Path) -> None:
    (tmp_path / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 300\n")
    (tmp_path / "memory.events").write_text("oom 3\noom_kill 2\n")
    folders = [str(tmp_path)]
    assert cgroup.cpu_seconds(folders) == 2.5
    assert cgroup.memory_bytes(folders) == 700
    assert cgroup.oom_kills(folders) == 2


MOUNT_1 = "33 25 0:29 {root} {point} rw,nosuid - cgroup cgroup rw,{controllers}\n"
MOUNT_2 = "34 25 0:30 {root} {point} rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"


def test_groups_of_version_1_are_beneath_our_own() -> None:
    mounts = MOUNT_1.format(root="/", point="/cg/memory", controllers="memory")
    mounts += MOUNT_1.format(root="/", point="/cg/cpu", controllers="cpu,cpuacct")
    mounts += "35 25 0:31 / /proc rw - proc proc rw\n"
    groups_ = "9:memory:/user.slice/me\n2:cpu,cpuacct:/\n0::/\n"
    found = list(dict.fromkeys(cgroup.candidates(groups_, mounts)))
    assert found == [Path("/cg/memory/user.slice/me"), Path("/cg/cpu")]


def test_groups_of_version_1_in_a_container_start_at_its_root() -> None:
    mounts = MOUNT_1.format(root="/docker/abc", point="/cg/memory", controllers="memory")
    found = list(cgroup.candidates("9:memory:/docker/abc\n", mounts))
    assert found == [Path("/cg/memory")]


def test_groups_of_version_2_are_where_memory_is_handed_down(tmp_path: Path) -> None:
    """As for a user of systemd: the terminal's scope holds processes, its slice is delegated."""
    scope = tmp_path / "user.slice" / "app.slice" / "terminal.scope"
    scope.mkdir(parents=True)
    for folder, handed_down in ((scope, ""), (scope.parent, "memory pids\n"), (tmp_path, "memory")):
        (folder / "cgroup.subtree_control").write_text(handed_down)
    mounts = MOUNT_2.format(root="/", point=tmp_path)
    found = list(cgroup.candidates("0::/user.slice/app.slice/terminal.scope\n", mounts))
    assert found == [scope.parent]
    (scope.parent / "cgroup.subtree_control").write_text("pids\n")
    (tmp_path / "cgroup.subtree_control").write_text("cpu\n")
    assert list(cgroup.candidates("0::/user.slice/app.slice/terminal.scope\n", mounts)) == []


def test_not_wanted_means_none() -> None:
    groups_ = Cgroups("any", wanted=False)
    assert groups_.paths("app-1.1") == ()
    assert groups_.controllers == frozenset()


async def test_a_replica_without_limits_has_none(bounded: tuple[Bench, ProcessEngine]) -> None:
    bench, engine = bounded
    launch = bench.launch(1, python(WAIT))
    await engine.start(launch)
    assert await find(engine, launch.id) is not None
    assert setting(groups(bench), "cpu.max", "cpu.cfs_quota_us").split()[0] in ("-1", "max")
