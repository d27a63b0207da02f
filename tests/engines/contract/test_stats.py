"""What replicas use."""

from orchestrator.engines.base import Engine
from tests.engines.contract.bench import WAIT, Bench, python, said
from tests.support.wait import eventually_async

BUSY = "data = bytearray(30 * 2**20); print('up', flush=True)\nwhile True: pass"


async def test_work_and_memory_show(bench: Bench, engine: Engine) -> None:
    busy = await engine.start(bench.launch(1, python(BUSY), cpu_limit_millicores=300))
    idle = await engine.start(bench.launch(2, python(WAIT)))
    await said(engine, busy, "up")
    await said(engine, idle, "up")
    ids = [busy.engine_id, idle.engine_id]
    first = await engine.stats(ids)
    assert set(first) == set(ids)
    assert first[busy.engine_id].memory_bytes > 25 * 2**20
    assert first[idle.engine_id].memory_bytes < 25 * 2**20

    async def more() -> bool:
        now = await engine.stats([busy.engine_id])
        return now[busy.engine_id].cpu_seconds > first[busy.engine_id].cpu_seconds + 0.05

    await eventually_async(more)


async def test_those_that_are_gone_are_left_out(bench: Bench, engine: Engine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    await engine.stop(replica.engine_id, 0)
    assert await engine.stats([replica.engine_id, "no-such-id"]) == {}
    await engine.remove(replica.engine_id)
    assert await engine.stats([replica.engine_id]) == {}
