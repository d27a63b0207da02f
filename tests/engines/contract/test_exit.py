"""Ends: told at once with how, and listed the same; many at a time too."""

import asyncio

import pytest

from orchestrator.engines.base import Engine
from orchestrator.model.errors import InvalidRequestError, NotFoundError
from orchestrator.model.state import Exit
from tests.engines.contract.bench import WAIT, Bench, ended, listening, python, said
from tests.support.wait import eventually_async

EAT = "data = []\nwhile True: data.append(bytearray(4 * 2**20))"


@pytest.mark.parametrize("code", [0, 3])
async def test_an_exit_is_told_and_listed_with_its_code(
    bench: Bench, engine: Engine, code: int
) -> None:
    launch = bench.launch(1, python(f"raise SystemExit({code})"))
    async with listening(engine) as ear:
        await engine.start(launch)
        assert (await ear.exit(launch.id)).code == code
    assert (await ended(engine, launch.id)).exit == Exit(code=code)


@pytest.mark.parametrize(("signal", "code"), [("KILL", 137), ("SIGTERM", 143)])
async def test_a_killed_one_is_told_and_listed_with_its_code(
    bench: Bench, engine: Engine, signal: str, code: int
) -> None:
    launch = bench.launch(
        1, python("import signal; signal.signal(15, lambda *_: exit(143))\n" + WAIT)
    )
    replica = await engine.start(launch)
    await said(engine, replica, "up")
    async with listening(engine) as ear:
        await engine.signal(replica.engine_id, signal)
        assert (await ear.exit(launch.id)).code == code
    assert (await ended(engine, launch.id)).exit == Exit(code=code)


async def test_only_known_signals_and_running_replicas_can_be_signalled(
    bench: Bench, engine: Engine
) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    with pytest.raises(InvalidRequestError):
        await engine.signal(replica.engine_id, "NONSENSE")
    await engine.stop(replica.engine_id, 0)
    with pytest.raises(NotFoundError):
        await engine.signal(replica.engine_id, "TERM")
    await engine.remove(replica.engine_id)
    with pytest.raises(NotFoundError):
        await engine.signal(replica.engine_id, "TERM")


async def test_an_out_of_memory_kill_is_named(bench: Bench, engine: Engine) -> None:
    if bench.kind == "process" and "memory" not in getattr(engine, "limits", ()):
        pytest.skip("control groups for memory are not permitted here")
    launch = bench.launch(1, python(EAT), memory_limit_bytes=48 * 2**20)
    await engine.start(launch)
    how = (await ended(engine, launch.id)).exit
    assert how is not None
    if bench.kind == "process-plain":  # the rlimit makes the allocation fail instead
        assert (how.code, how.word) == (1, "Error")
    else:
        assert (how.code, how.word) == (137, "OOMKilled")


async def test_a_burst_of_deaths_is_all_in_the_next_list(bench: Bench, engine: Engine) -> None:
    count = 6 if bench.kind == "docker" else 300
    starts = (engine.start(bench.launch(slot, ("sleep", "600"))) for slot in range(1, count + 1))
    replicas = await asyncio.gather(*starts)
    await asyncio.gather(*(engine.signal(one.engine_id, "KILL") for one in replicas))

    async def all_dead() -> bool:
        return not any(one.running for one in await engine.list())

    await eventually_async(all_dead)
    listed = await engine.list()
    assert {one.id.slot for one in listed} == set(range(1, count + 1))
    assert {one.exit for one in listed} == {Exit(code=137)}
