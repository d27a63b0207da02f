"""An image is had once, however many replicas wait for it."""

import asyncio
from pathlib import Path

import pytest

from orchestrator.engines.base import Progress
from orchestrator.engines.process import ProcessEngine
from orchestrator.model.errors import ImageError
from orchestrator.model.launch import ImageSpec
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.images import Images
from orchestrator.runtime.store import Store
from tests.support.clock import HandClock
from tests.support.faulty import Passing
from tests.support.wait import eventually_async

APP = ImageSpec("app:1")


class Building(Passing):
    """Builds when told to, and fails as often as told."""

    def __init__(self) -> None:
        super().__init__(ProcessEngine("images", Path("/nonexistent")))
        self.finish = asyncio.Event()
        self.failing = 0
        self.asked: list[ImageSpec] = []

    async def ensure_image(self, image: ImageSpec, progress: Progress) -> None:
        """Waits for `finish`."""
        self.asked.append(image)
        progress(f"building {image.image}")
        await self.finish.wait()
        if self.failing:
            self.failing -= 1
            raise ImageError("it does not build", reason="ErrImageBuild", remedy="mend it")


@pytest.fixture
def engine() -> Building:
    """One that has nothing yet."""
    return Building()


@pytest.fixture
def images(engine: Building, store: Store, clock: HandClock) -> Images:
    """Of that engine."""
    return Images(engine, EventLog(store, clock))


async def test_all_wait_for_one_build(engine: Building, images: Images, store: Store) -> None:
    waiting = [asyncio.create_task(images.ensure(APP)) for _ in range(20)]
    await eventually_async(lambda: engine.asked)
    engine.finish.set()
    await asyncio.gather(*waiting)
    await images.ensure(APP)
    assert engine.asked == [APP]
    assert [one.message for one in store.events()] == ["building app:1"]


async def test_one_that_gives_up_takes_nobody_with_it(engine: Building, images: Images) -> None:
    leaving, staying = (asyncio.create_task(images.ensure(APP)) for _ in range(2))
    await eventually_async(lambda: engine.asked)
    leaving.cancel()
    await asyncio.wait([leaving])
    engine.finish.set()
    await staying
    assert engine.asked == [APP]


async def test_all_are_told_of_a_failure_and_the_next_tries_again(
    engine: Building, images: Images, store: Store
) -> None:
    engine.failing = 1
    waiting = [asyncio.create_task(images.ensure(APP)) for _ in range(3)]
    await eventually_async(lambda: engine.asked)
    engine.finish.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in results] == [ImageError] * 3
    assert [one.reason for one in store.events()] == ["Image", "ErrImageBuild"]
    await images.ensure(APP)
    assert engine.asked == [APP, APP]


async def test_other_sources_are_another_image(engine: Building, images: Images) -> None:
    engine.finish.set()
    await images.ensure(APP)
    changed = ImageSpec("app:1", source="new")
    await images.ensure(changed)
    assert engine.asked == [APP, changed]


async def test_a_doubted_image_is_looked_for_again(engine: Building, images: Images) -> None:
    engine.finish.set()
    await images.ensure(APP)
    images.doubt(APP)
    await images.ensure(APP)
    assert engine.asked == [APP, APP]


async def test_the_end_abandons_builds(engine: Building, images: Images) -> None:
    waiting = asyncio.create_task(images.ensure(APP))
    await eventually_async(lambda: engine.asked)
    await images.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
