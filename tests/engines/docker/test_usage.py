"""Usage: from control groups of either version, and the same as the engine says."""

from pathlib import Path

import docker
import pytest

from orchestrator.engines.docker import DockerEngine, usage
from orchestrator.model.launch import Usage
from tests.engines.contract.bench import WAIT, Bench, python, said

BALLAST = "data = bytearray(20 * 2**20); " + WAIT


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize("place", ["docker/abc", "system.slice/docker-abc.scope"])
def test_version_1(tmp_path: Path, place: str) -> None:
    write(
        tmp_path,
        {
            f"cpuacct/{place}/cpuacct.usage": "1500000000\n",
            f"memory/{place}/memory.usage_in_bytes": "5000\n",
            f"memory/{place}/memory.stat": "cache 3000\ntotal_inactive_file 2000\n",
        },
    )
    assert usage.measure("abc", tmp_path) == Usage(cpu_seconds=1.5, memory_bytes=3000)
    assert usage.measure("other", tmp_path) is None


@pytest.mark.parametrize("place", ["docker/abc", "system.slice/docker-abc.scope"])
def test_version_2(tmp_path: Path, place: str) -> None:
    write(
        tmp_path,
        {
            "cgroup.controllers": "cpu memory pids\n",
            f"{place}/cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
            f"{place}/memory.current": "9000\n",
            f"{place}/memory.stat": "anon 1\ninactive_file 4000\n",
        },
    )
    assert usage.measure("abc", tmp_path) == Usage(cpu_seconds=2.5, memory_bytes=5000)
    assert usage.measure("other", tmp_path) is None


@pytest.mark.docker
async def test_the_engine_says_the_same_as_the_files(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    replica = await engine.start(bench.launch(1, python(BALLAST)))
    await said(engine, replica, "up")
    told = usage.from_stats(client.stats(replica.engine_id, stream=False, one_shot=True))
    assert told is not None
    assert told.memory_bytes > 20 * 2**20
    found = (await engine.stats([replica.engine_id]))[replica.engine_id]
    assert found.memory_bytes == pytest.approx(told.memory_bytes, rel=0.05)
    assert found.cpu_seconds == pytest.approx(told.cpu_seconds, abs=0.2)


@pytest.mark.docker
async def test_the_engine_says_nothing_of_the_dead(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    await engine.stop(replica.engine_id, 0)
    assert usage.from_stats(client.stats(replica.engine_id, stream=False, one_shot=True)) is None
