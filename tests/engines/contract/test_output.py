"""Logs and commands inside."""

import asyncio
import time

import pytest

from orchestrator.engines.base import Engine
from orchestrator.model.errors import EngineTimeoutError, NotFoundError
from tests.engines.contract.bench import WAIT, Bench, ended, python, said, texts

TEN = "for n in range(10): print(f'line {n}', flush=True)"
BOTH = "import sys; print('out', flush=True); print('err', file=sys.stderr, flush=True)"
ON_TERM = "import signal; signal.signal(15, lambda *_: (print('more'), print('last'), exit(0)))\n"


async def test_logs_have_both_streams(bench: Bench, engine: Engine) -> None:
    replica = await engine.start(bench.launch(1, python(BOTH)))
    await ended(engine, replica.id)
    assert sorted(await texts(engine, replica)) == ["err", "out"]


@pytest.mark.parametrize(("tail", "first"), [(None, 0), (3, 7), (100, 0)])
async def test_logs_of_the_dead_have_the_last_lines(
    bench: Bench, engine: Engine, tail: int | None, first: int
) -> None:
    replica = await engine.start(bench.launch(1, python(TEN)))
    await ended(engine, replica.id)
    expected = [f"line {number}" for number in range(first, 10)]
    assert await texts(engine, replica, tail=tail) == expected
    assert await texts(engine, replica, tail=tail, follow=True) == expected


async def test_following_logs_ends_with_the_replica(bench: Bench, engine: Engine) -> None:
    replica = await engine.start(bench.launch(1, python(ON_TERM + WAIT)))
    await said(engine, replica, "up")
    following = asyncio.create_task(texts(engine, replica, follow=True))
    await engine.signal(replica.engine_id, "TERM")
    assert await asyncio.wait_for(following, 10) == ["up", "more", "last"]


async def test_a_last_line_without_its_end_and_odd_bytes_are_shown(
    bench: Bench, engine: Engine
) -> None:
    code = "import sys; sys.stdout.buffer.write(b'caf\\xc3\\xa9 \\xff\\nno end')"
    replica = await engine.start(bench.launch(1, python(code)))
    await ended(engine, replica.id)
    assert await texts(engine, replica) == ["café \N{REPLACEMENT CHARACTER}", "no end"]


async def test_exec_gives_code_and_both_outputs(bench: Bench, engine: Engine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    code = BOTH + "; import os; print(os.environ['ORCH_SLOT']); exit(3)"
    result = await engine.exec(replica.engine_id, python(code), 10)
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"out\n1\n", b"err\n")


async def test_exec_takes_arguments_as_they_are(bench: Bench, engine: Engine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    odd = ["$(id)", "a b", "--", "-n", "'\"", "*", ""]
    result = await engine.exec(
        replica.engine_id, ["python3", "-c", "import sys; print(sys.argv[1:])", *odd], 10
    )
    assert result.stdout.decode() == f"{odd}\n"


async def test_exec_of_an_unknown_program_fails_with_126_or_127(
    bench: Bench, engine: Engine
) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    result = await engine.exec(replica.engine_id, ["no-such-program"], 10)
    assert result.exit_code in (126, 127)


async def test_exec_ends_in_time(bench: Bench, engine: Engine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    before = time.monotonic()
    with pytest.raises(EngineTimeoutError):
        await engine.exec(replica.engine_id, ["sleep", "600"], 0.5)
    assert time.monotonic() - before < 5


async def test_exec_needs_a_running_replica(bench: Bench, engine: Engine) -> None:
    replica = await engine.start(bench.launch(1, python("exit(0)")))
    await ended(engine, replica.id)
    with pytest.raises(NotFoundError):
        await engine.exec(replica.engine_id, ["true"], 10)
    await engine.remove(replica.engine_id)
    with pytest.raises(NotFoundError):
        await engine.exec(replica.engine_id, ["true"], 10)
