"""Events: quick, only ours, and again after every lost connection (faults 4–6)."""

import asyncio
import threading
import time
from collections.abc import Callable

import docker
import pytest

from orchestrator.engines.docker import DockerEngine
from orchestrator.model.errors import EngineUnavailableError
from orchestrator.model.state import Exit
from tests.engines.contract.bench import WAIT, Bench, listening, python
from tests.engines.docker.wire import Wire
from tests.support.wait import eventually_async

pytestmark = pytest.mark.docker

EAT = "data = []\nwhile True: data.append(bytearray(4 * 2**20))"


async def test_a_kill_is_told_before_it_is_listed(
    bench: Bench, engine: DockerEngine, client: docker.APIClient
) -> None:
    """Seen: 40 to 80 ms after the kill. The bound only tells events from polling."""
    replica = await engine.start(bench.launch(1, python(WAIT)))
    async with listening(engine) as ear:
        before = time.monotonic()
        await asyncio.to_thread(client.kill, replica.engine_id)
        assert await ear.exit(replica.id) == Exit(code=137)
        assert time.monotonic() - before < 2


async def test_an_out_of_memory_kill_is_told_as_such(bench: Bench, engine: DockerEngine) -> None:
    launch = bench.launch(1, python(EAT), memory_limit_bytes=32 * 2**20)
    async with listening(engine) as ear:
        await engine.start(launch)
        assert await ear.exit(launch.id) == Exit(code=137, oom_killed=True)


async def test_only_our_replicas_are_told(
    bench: Bench, engine: DockerEngine, stranger: Callable[..., str]
) -> None:
    async with listening(engine) as ear:
        stranger()
        replica = await engine.start(bench.launch(1, python(WAIT)))
        await engine.remove(replica.engine_id)
        kinds = await ear.kinds(replica.id, "removed")
    assert kinds == ["started", "exited", "removed"]
    assert {event.engine_id for event in ear.heard} == {"", replica.engine_id}


async def test_a_lost_connection_is_made_again_and_nothing_is_missed(
    bench: Bench, engine: DockerEngine, wire: Wire
) -> None:
    watcher = DockerEngine(bench.project, base_url=wire.url)
    try:
        async with listening(watcher) as ear:
            await wire.cut()
            replica = await engine.start(bench.launch(1, python("exit(4)")))
            await eventually_async(lambda: _ended(engine))
            await wire.mend()
            assert await ear.exit(replica.id) == Exit(code=4)
            assert [event.kind for event in ear.heard] == ["resync", "resync", "started", "exited"]
            await engine.remove(replica.engine_id)
            await ear.kinds(replica.id, "removed")
            assert len(ear.heard) == 5
    finally:
        await watcher.close()


async def test_following_logs_fails_with_the_connection(
    bench: Bench, engine: DockerEngine, wire: Wire
) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    watcher = DockerEngine(bench.project, base_url=wire.url)
    seen: list[str] = []

    async def follow() -> None:
        async for line in watcher.logs(replica, follow=True):
            seen.append(line.text)

    try:
        following = asyncio.create_task(follow())
        await eventually_async(lambda: seen == ["up"])
        await wire.cut()
        await asyncio.wait({following}, timeout=5)
        assert isinstance(following.exception(), EngineUnavailableError)
    finally:
        await watcher.close()


async def test_no_thread_stays_behind(bench: Bench, engine: DockerEngine) -> None:
    replica = await engine.start(bench.launch(1, python(WAIT)))
    async with listening(engine):
        logs = engine.logs(replica, follow=True)
        async for line in logs:
            assert line.text == "up"
            break
        assert _threads()
    await engine.close()
    await eventually_async(lambda: not _threads())


def _threads() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("docker")]


async def _ended(engine: DockerEngine) -> bool:
    return not any(one.running for one in await engine.list())
