"""What the contract suite asks of engines, for replicas that run no program, in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from orchestrator.engines.simulated import Behaviour, Delay, SimulatedEngine, VirtualLoop, World
from orchestrator.model.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    ImageError,
    InvalidRequestError,
    NotFoundError,
)
from orchestrator.model.launch import EngineEvent, ImageSpec, Launch
from orchestrator.model.spec import Probe
from orchestrator.model.state import Exit, ReplicaId

PROBE = Probe(tcp=True)
Story = Callable[[World, SimulatedEngine], Coroutine[Any, Any, None]]


def play(story: Story, seed: int = 1, **behaviour: Any) -> None:
    """Tell a story of one engine in one world."""

    async def told() -> None:
        world = World(Behaviour(**behaviour), seed)
        engine = SimulatedEngine(world)
        await engine.open()
        await story(world, engine)
        await engine.close()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(told())


def launch(slot: int = 1, attempt: int = 1, node: str = "n1") -> Launch:
    """The launch of `app-SLOT`."""
    return Launch(
        id=ReplicaId("app", slot, attempt), node=node, zone="a", revision="rev-1", image="app",
        command=None, env={}, port=None, hostname="app", cpu_request_millicores=500,
        memory_request_bytes=1000,
    )  # fmt: skip


def test_starting_twice_starts_once_and_a_new_instance_sees_it() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        first, second = await asyncio.gather(engine.start(launch()), engine.start(launch()))
        assert first == second
        assert (first.id, first.node, first.revision) == (launch().id, "n1", "rev-1")
        assert (first.running, first.endpoint, first.cpu_request_millicores) == (True, None, 500)
        await engine.close()
        assert await SimulatedEngine(world).list() == [first]

    play(story)


def test_it_answers_probes_once_it_has_booted_and_until_it_hangs() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        one = await engine.start(launch())
        assert await engine.probe(one.engine_id, PROBE) == "it still boots"
        await asyncio.sleep(2.1)
        assert await engine.probe(one.engine_id, PROBE) == ""
        await engine.signal(one.engine_id, "SIGSTOP")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await engine.probe(one.engine_id, PROBE)
        await engine.signal(one.engine_id, "CONT")
        assert await engine.probe(one.engine_id, PROBE) == ""
        await engine.signal(one.engine_id, "KILL")
        assert await engine.probe(one.engine_id, PROBE) == "it runs no more"

    play(story, boot=Delay(2.0))


@pytest.mark.parametrize(("deaf", "code", "took_s"), [(0.0, 143, 3.0), (1.0, 137, 10.0)])
def test_stop_waits_for_the_end_and_no_longer_than_granted(
    deaf: float, code: int, took_s: float
) -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        one = await engine.start(launch())
        before = asyncio.get_running_loop().time()
        await engine.stop(one.engine_id, 10.0)
        took = asyncio.get_running_loop().time() - before
        assert took == pytest.approx(took_s, abs=0.01)
        assert [(seen.running, seen.exit) for seen in await engine.list()] == [
            (False, Exit(code=code))
        ]
        for _ in range(2):
            await engine.stop(one.engine_id, 10.0)
            await engine.remove(one.engine_id)
        assert await engine.list() == []

    play(story, stop=Delay(3.0), deaf=deaf)


def test_what_happens_is_told() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        heard: list[EngineEvent] = []

        async def listen() -> None:
            async for event in engine.events():
                heard.append(event)

        listening = asyncio.create_task(listen())
        await asyncio.sleep(1)
        one = await engine.start(launch())
        await engine.signal(one.engine_id, "KILL")
        await engine.remove(one.engine_id)
        await asyncio.sleep(1)
        assert [event.kind for event in heard] == ["resync", "started", "exited", "removed"]
        assert heard[2].exit == Exit(code=137)
        await engine.close()
        await listening

    play(story)


def test_only_what_runs_can_be_signalled_and_nothing_be_executed() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        one = await engine.start(launch())
        with pytest.raises(InvalidRequestError):
            await engine.signal(one.engine_id, "NONSENSE")
        with pytest.raises(EngineError, match="it is no program"):
            await engine.exec(one.engine_id, ["true"], 1)
        await engine.signal(one.engine_id, "KILL")
        with pytest.raises(NotFoundError):
            await engine.signal(one.engine_id, "TERM")
        with pytest.raises(NotFoundError):
            await engine.exec(one.engine_id, ["true"], 1)

    play(story)


def test_logs_and_stats_tell_of_its_life() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        one = await engine.start(launch())
        following = asyncio.create_task(_texts(engine, one, follow=True))
        await asyncio.sleep(8)
        usage = (await engine.stats([one.engine_id, "none"]))[one.engine_id]
        assert (round(usage.cpu_seconds, 2), usage.memory_bytes) == (2.0, 500)
        await engine.stop(one.engine_id, 5)
        assert await following == await _texts(engine, one)
        assert (await _texts(engine, one, tail=1)) == ["simulated: ended with code 143"]
        assert await engine.stats([one.engine_id]) == {}

    play(story)


async def _texts(engine: SimulatedEngine, one: Any, **how: Any) -> list[str]:
    return [line.text async for line in engine.logs(one, **how)]


def test_a_lost_node_takes_all_it_runs_and_starts_nothing() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        await engine.start(launch(1))
        await engine.start(launch(2, node="n2"))
        world.lose("n1")
        assert [seen.node for seen in await engine.list()] == ["n2"]
        with pytest.raises(EngineError, match="n1 does not answer"):
            await engine.start(launch(3))
        world.restore("n1")
        assert (await engine.start(launch(3))).running

    play(story)


def test_faults_come_as_often_as_they_are_asked_for() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        failed = unanswered = 0
        for slot in range(400):
            try:
                await engine.start(launch(slot))
            except EngineTimeoutError:
                unanswered += 1
                assert launch(slot).id in world.replicas
            except EngineError:
                failed += 1
                assert launch(slot).id not in world.replicas
        assert 60 < failed < 100
        assert 60 < unanswered < 100
        shown = [len(await engine.list()) for _ in range(100)]
        there = len(world.replicas)
        assert 35 < sum(count < there for count in shown) < 65
        assert all(count > there / 3 for count in shown)

    play(story, failing_calls=0.2, unanswered_calls=0.25, hidden=0.5)


def test_a_stale_list_is_one_of_before() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        lengths = []
        for slot in range(50):
            await engine.start(launch(slot))
            lengths.append(slot + 1 - len(await engine.list()))
        assert set(lengths) == {0, 1, 2, 3, 4}

    play(story, stale=1.0)


def test_crash_loops_and_lives_end_by_themselves() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        for slot in range(50):
            await engine.start(launch(slot))
        await asyncio.sleep(300)
        ended = [one.exit for one in world if one.exit is not None]
        assert 20 < len(ended) < 45
        assert {how.word for how in ended} == {"Error", "OOMKilled"}
        world.calm_down()
        before = sum(one.running for one in world)
        await asyncio.sleep(10_000)
        assert sum(one.running for one in world) == before

    play(story, mean_life_s=300.0)


def test_pulls_take_their_time_and_fail_and_are_done_once() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        told: list[str] = []
        with pytest.raises(ImageError):
            await engine.ensure_image(ImageSpec("app"), told.append)
        world.calm_down()
        await engine.ensure_image(ImageSpec("app"), told.append)
        await engine.ensure_image(ImageSpec("app"), told.append)
        assert len(told) == 2
        engine.down = True
        with pytest.raises(EngineUnavailableError):
            await engine.list()

    play(story, failing_pulls=1.0)


def test_destroy_leaves_nothing() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        await asyncio.gather(*(engine.start(launch(slot)) for slot in range(10)))
        for _ in range(2):
            await engine.destroy()
            assert await engine.list() == []

    play(story)


def test_many_starts_are_one_call_of_which_each_may_fail_by_itself() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        world.lose("gone")
        known = await engine.start(launch(1))
        began = asyncio.get_running_loop().time()
        seen = await engine.start_all([launch(1), launch(2, node="gone"), launch(3)])
        assert asyncio.get_running_loop().time() - began == pytest.approx(0.1, abs=1e-3)
        assert (seen[0], seen[1]) == (known, None)
        assert [one.id.slot for one in world] == [1, 3]
        engine.down = True
        with pytest.raises(EngineUnavailableError):
            await engine.start_all([launch(4)])

    play(story, call=Delay(0.1))


def test_a_start_among_many_may_have_its_effect_and_not_be_answered() -> None:
    async def story(world: World, engine: SimulatedEngine) -> None:
        assert await engine.start_all([launch(1), launch(2)]) == [None, None]
        assert [one.id.slot for one in world] == [1, 2]

    play(story, unanswered_calls=1.0)
