"""A loop that never waits: order and length are as in real time, duration is not."""

import asyncio
import time

import pytest

from orchestrator.engines.simulated import VirtualClock, VirtualLoop
from orchestrator.engines.simulated.virtual_time import RESOLUTION_S, NothingLeftError


def test_days_pass_at_once_and_in_order() -> None:
    told: list[tuple[str, float]] = []

    async def tell(name: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        told.append((name, asyncio.get_running_loop().time()))

    async def all_of_them() -> None:
        await asyncio.gather(tell("late", 86_400), tell("early", 0.5), tell("noon", 43_200))

    before = time.monotonic()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(all_of_them())
    assert [name for name, _ in told] == ["early", "noon", "late"]
    assert [at for _, at in told] == pytest.approx([0.5, 43_200, 86_400], abs=0.001)
    assert time.monotonic() - before < 60


def test_timeouts_and_both_clocks_go_with_it() -> None:
    async def wait() -> tuple[float, float]:
        clock = VirtualClock(asyncio.get_running_loop(), epoch_s=100.0)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(30):
                await asyncio.Event().wait()
        return clock.monotonic(), clock.wall()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(wait()) == pytest.approx((30, 130), abs=0.001)


def test_who_waits_for_less_than_the_resolution_is_not_woken_for_ever() -> None:
    async def wait() -> int:
        loop, turns = asyncio.get_running_loop(), 0
        until = loop.time() + RESOLUTION_S / 2
        while loop.time() < until:
            await asyncio.sleep(until - loop.time())
            turns += 1
            assert turns < 100
        return turns

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        assert runner.run(wait()) >= 1


def test_a_deadlock_is_told() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    runner = asyncio.Runner(loop_factory=VirtualLoop)
    with pytest.raises(NothingLeftError):
        runner.run(wait())
    for task in asyncio.all_tasks(runner.get_loop()):
        task.cancel()
    runner.close()
