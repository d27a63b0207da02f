"""Starting: what is asked for is what runs, once."""

import asyncio
import json

import httpx
import pytest

from orchestrator.engines.base import Engine
from orchestrator.model.errors import EngineError
from orchestrator.model.state import Endpoint, Exit
from tests.engines.contract.bench import SERVER, WAIT, Bench, ended, find, listening, python
from tests.support.wait import eventually_async


async def environment(endpoint: Endpoint | None) -> dict[str, str]:
    """What the server app says its environment is, once it answers."""
    async with httpx.AsyncClient(timeout=2) as client:

        async def ask() -> dict[str, str] | None:
            try:
                answer = await client.get(f"http://{endpoint}/")
            except httpx.TransportError:
                return None
            found: dict[str, str] = json.loads(answer.text)
            return found

        return await eventually_async(ask, what=f"{endpoint} answers")


async def test_a_started_replica_is_listed_as_it_was_launched(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(
        2, python(WAIT), attempt=7, cpu_request_millicores=250, memory_request_bytes=64 * 2**20
    )
    started = await engine.start(launch)
    (listed,) = await engine.list()
    assert listed == started
    assert listed.id == launch.id
    assert (listed.node, listed.revision, listed.running) == ("node-1", "rev-1", True)
    assert (listed.cpu_request_millicores, listed.memory_request_bytes) == (250, 64 * 2**20)
    assert listed.exit is None
    assert listed.engine_id
    assert listed.started_wall is not None


async def test_the_endpoint_answers_and_the_app_knows_its_place(
    bench: Bench, engine: Engine
) -> None:
    replica = await engine.start(bench.launch(3, python(SERVER), port=8000))
    env = await environment(replica.endpoint)
    assert (env["ORCH_SERVICE"], env["ORCH_SLOT"]) == ("app", "3")
    assert env["HOSTNAME"] == "app-3"
    assert env["PORT"].isdigit()


async def test_nothing_of_our_environment_leaks(
    bench: Bench, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "tweet")
    replica = await engine.start(bench.launch(1, python(SERVER), port=8000))
    assert "CANARY" not in await environment(replica.endpoint)


async def test_each_replica_answers_on_its_own(bench: Bench, engine: Engine) -> None:
    launches = [bench.launch(slot, python(SERVER), port=8000) for slot in (1, 2, 3)]
    replicas = await asyncio.gather(*map(engine.start, launches))
    places = await asyncio.gather(*(environment(one.endpoint) for one in replicas))
    assert [place["ORCH_SLOT"] for place in places] == ["1", "2", "3"]


async def test_starting_twice_starts_once(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(1, python(WAIT))
    first, second = await asyncio.gather(engine.start(launch), engine.start(launch))
    third = await engine.start(launch)
    assert first.engine_id == second.engine_id == third.engine_id
    assert len(await engine.list()) == 1


async def test_attempts_of_one_slot_are_different_replicas(bench: Bench, engine: Engine) -> None:
    await engine.start(bench.launch(1, python(WAIT), attempt=1))
    await engine.start(bench.launch(1, python(WAIT), attempt=2))
    assert sorted(one.id.attempt for one in await engine.list()) == [1, 2]


async def test_a_start_is_told(bench: Bench, engine: Engine) -> None:
    launch = bench.launch(1, python(WAIT))
    async with listening(engine) as ear:
        await engine.start(launch)
        assert "started" in await ear.kinds(launch.id, "started")


@pytest.mark.parametrize("command", [("no-such-program",), ("/no/such/program", "x")])
async def test_a_command_that_cannot_run_is_said_or_exits_127(
    bench: Bench, engine: Engine, command: tuple[str, ...]
) -> None:
    launch = bench.launch(1, command)
    refused = ""
    try:
        await engine.start(launch)
    except EngineError as error:
        refused = str(error)
    if refused:
        assert command[0] in refused
        left = await find(engine, launch.id)
        assert left is None or not left.running
    else:
        assert (await ended(engine, launch.id)).exit == Exit(code=127)


async def test_writes_are_counted_and_reads_are_not(bench: Bench, engine: Engine) -> None:
    before = engine.writes
    replica = await engine.start(bench.launch(1, python(WAIT)))
    assert (started := engine.writes) > before
    await engine.list()
    await engine.stats([replica.engine_id])
    assert engine.writes == started
    await engine.remove(replica.engine_id)
    assert engine.writes > started
