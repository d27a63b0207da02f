"""A new engine instance, as after a restart of the controller, knows and rules all that runs."""

import asyncio
from typing import Any

from orchestrator.engines.base import Engine
from tests.engines.contract.bench import WAIT, Bench, ended, listening, python, said
from tests.support.wait import eventually_async


async def test_a_new_instance_lists_the_same_replicas(bench: Bench, engine: Engine) -> None:
    starts = [engine.start(bench.launch(slot, python(WAIT))) for slot in (1, 2, 3)]
    await asyncio.gather(*starts)
    await engine.start(bench.launch(4, python("exit(4)")))
    await ended(engine, bench.launch(4, ()).id)
    before = await engine.list()
    await engine.close()
    adopted = await (await bench.engine()).list()
    assert sorted(adopted, key=lambda one: one.id) == sorted(before, key=lambda one: one.id)


async def test_an_adopted_replica_is_not_started_again(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(1, python(WAIT))
    replica = await engine.start(launch)
    await engine.close()
    second = await bench.engine()
    assert (await second.start(launch)).engine_id == replica.engine_id
    assert len(await second.list()) == 1


async def test_the_end_of_an_adopted_one_is_told_with_its_code(
    bench: Bench, engine: Engine
) -> None:
    code = "import signal; signal.signal(15, lambda *_: exit(9))\n" + WAIT
    launch = bench.launch(1, python(code))
    replica = await engine.start(launch)
    await said(engine, replica, "up")
    await engine.close()
    second = await bench.engine()
    async with listening(second) as ear:
        await second.signal(replica.engine_id, "TERM")
        assert (await ear.exit(launch.id)).code == 9


async def test_an_end_that_nobody_watched_is_known(bench: Bench, engine: Engine) -> None:
    code = "import signal; signal.signal(15, lambda *_: exit(6))\n" + WAIT
    launch = bench.launch(1, python(code))
    replica = await engine.start(launch)
    await said(engine, replica, "up")
    await engine.signal(replica.engine_id, "TERM")
    await engine.close()
    how: Any = (await ended(await bench.engine(), launch.id)).exit
    assert how.code == 6


async def test_an_adopted_one_can_be_stopped_and_removed(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(1, python(WAIT))
    replica = await engine.start(launch)
    await engine.close()
    second = await bench.engine()
    await second.stop(replica.engine_id, 1)
    assert not (await second.list())[0].running
    await second.remove(replica.engine_id)
    assert await second.list() == []


async def test_logs_of_an_adopted_one_are_all_there(bench: Bench, engine: Engine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    await said(engine, replica, "up")
    await engine.close()
    await said(await bench.engine(), replica, "up")


async def test_two_projects_do_not_see_each_other(bench: Bench, engine: Engine) -> None:
    other = await bench.engine(f"{bench.project}-b")
    ours = await engine.start(bench.launch(1, python(WAIT)))
    theirs = await other.start(bench.launch(1, python(WAIT)))
    assert [one.engine_id for one in await engine.list()] == [ours.engine_id]
    assert [one.engine_id for one in await other.list()] == [theirs.engine_id]
    await engine.remove(theirs.engine_id)
    await engine.destroy()
    assert [one.running for one in await other.list()] == [True]


async def test_destroy_removes_all_of_the_project_whoever_started_it(
    bench: Bench, engine: Engine
) -> None:
    for slot in (1, 2):
        await engine.start(bench.launch(slot, python(WAIT)))
    await engine.start(bench.launch(3, python("exit(1)")))
    await engine.close()
    second = await bench.engine()
    await second.destroy()
    assert await second.list() == []
    await second.destroy()


async def test_close_ends_open_streams(bench: Bench, engine: Engine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    events = asyncio.create_task(_drain(engine.events()))
    logs = asyncio.create_task(_drain(engine.logs(replica, follow=True)))
    await eventually_async(lambda: events.get_name() in seen and logs.get_name() in seen)
    await asyncio.wait_for(engine.close(), 5)
    done, _ = await asyncio.wait({events, logs}, timeout=5)
    assert done == {events, logs}


seen: set[str] = set()


async def _drain(stream: Any) -> None:
    async for _ in stream:
        task = asyncio.current_task()
        assert task is not None
        seen.add(task.get_name())
