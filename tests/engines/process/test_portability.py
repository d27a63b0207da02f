"""The same on systems with another shell or without /proc, as far as it can be had here."""

import asyncio
import shutil
from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine, identity, keeper
from orchestrator.model.state import Exit
from tests.engines.contract.bench import STUBBORN, WAIT, Bench, ended, find, listening, python, said

SHELLS = [path for name in ("dash", "bash", "busybox") if (path := shutil.which(name))]


@pytest.fixture
def without_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS: everything is asked of `ps`."""
    if not Path("/bin/ps").exists():
        pytest.skip("there is no /bin/ps")
    monkeypatch.setattr(identity, "HAS_PROC", False)
    monkeypatch.setattr(keeper, "HAS_PROC", False)


async def works(bench: Bench, engine: ProcessEngine) -> None:
    """A replica starts, is adopted, is stopped, and its end is told with its code."""
    launch = bench.launch(1, python("print('up', flush=True); raise SystemExit(3)"))
    replica = await engine.start(launch)
    assert (await ended(engine, launch.id)).exit == Exit(code=3)
    assert [line.text async for line in engine.logs(replica)] == ["up"]
    deaf = await engine.start(bench.launch(2, python(STUBBORN)))
    mild = await engine.start(bench.launch(3, python(WAIT)))
    await said(engine, deaf, "up")
    await said(engine, mild, "up")
    second = await bench.engine()
    async with listening(second) as ear:
        await second.stop(mild.engine_id, 5)
        async with asyncio.timeout(3):
            await second.stop(deaf.engine_id, 0.1)
        assert (await ear.exit(mild.id)).code == 143
        assert (await ear.exit(deaf.id)).code == 137
    stopped = await find(second, deaf.id)
    assert stopped is not None
    assert not stopped.running
    assert [line.text async for line in engine.logs(deaf)] == ["up"]


@pytest.mark.parametrize("shell", SHELLS)
async def test_any_posix_shell_will_do(
    bench: Bench, engine: ProcessEngine, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    monkeypatch.setattr(keeper, "SHELL", shell)
    await works(bench, engine)


@pytest.mark.usefixtures("without_proc")
async def test_it_works_without_proc(bench: Bench, engine: ProcessEngine) -> None:
    await works(bench, engine)


@pytest.mark.usefixtures("without_proc")
async def test_usage_is_had_without_proc(bench: Bench, engine: ProcessEngine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    await said(engine, replica, "up")
    used = await engine.stats([replica.engine_id])
    assert used[replica.engine_id].memory_bytes > 2**20


@pytest.mark.parametrize(
    ("shown", "seconds"),
    [("0:00.03", 0.03), ("01:02", 62.0), ("1:02:03", 3723.0), ("2-00:00:01", 172801.0)],
)
def test_times_as_ps_shows_them(shown: str, seconds: float) -> None:
    line = f"  17 Ss+  17 1024 {shown} Mon Nov  3 01:02:03 2025"
    stat = identity._parse_ps(line)
    assert stat.cpu_seconds == pytest.approx(seconds)
    assert stat.process == identity.parse_identity("  17 Mon Nov  3 01:02:03 2025")
    assert (stat.session, stat.memory_bytes, stat.ended) == (17, 2**20, False)


def test_a_name_with_spaces_and_brackets_is_read_over() -> None:
    line = "42 (a) b (c)) S 1 42 41 " + "0 " * 15 + "987 0 5 " + "0 " * 28
    stat = identity.parse_stat(line)
    assert (stat.process, stat.state, stat.session) == (identity.Process(42, "987"), "S", 41)
