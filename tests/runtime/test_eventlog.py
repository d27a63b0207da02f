"""Events: in order, once each, to those who come late as to those who wait."""

import asyncio

import pytest

from orchestrator.model.event import Event
from orchestrator.runtime import eventlog
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.store import Store
from tests.runtime.conftest import Open
from tests.support.clock import HandClock
from tests.support.wait import eventually_async


@pytest.fixture
def log(store: Store, clock: HandClock) -> EventLog:
    """Empty."""
    return EventLog(store, clock)


async def taken(log: EventLog, count: int, after: int | None) -> list[Event]:
    """The next events that a reader gets."""
    following = log.follow(after)
    async with asyncio.timeout(5):
        found = [await anext(following) for _ in range(count)]
    await following.aclose()
    return found


async def test_who_comes_late_catches_up_and_goes_on(log: EventLog) -> None:
    for number in range(5):
        log.normal("Test", "project", str(number))
    reading = asyncio.create_task(taken(log, 6, 2))
    await eventually_async(lambda: log._readers)
    log.warning("Test", "project", "5")
    log.normal("Test", "project", "6")
    log.normal("Test", "project", "7")
    found = await reading
    assert [one.serial for one in found] == [3, 4, 5, 6, 7, 8]
    assert [one.message for one in found] == ["2", "3", "4", "5", "6", "7"]
    assert found[3].type == "Warning"


async def test_who_asks_for_news_gets_no_old_ones(log: EventLog) -> None:
    log.normal("Test", "project", "old")
    reading = asyncio.create_task(taken(log, 1, None))
    await eventually_async(lambda: log._readers)
    log.normal("Test", "project", "new")
    assert [one.message for one in await reading] == ["new"]


async def test_events_while_one_catches_up_come_once(log: EventLog) -> None:
    for _ in range(3):
        log.normal("Test", "project", "x")
    following = log.follow(0)
    found = [await anext(following)]
    log.normal("Test", "project", "x")
    found += [await anext(following) for _ in range(3)]
    log.normal("Test", "project", "x")
    found.append(await anext(following))
    assert [one.serial for one in found] == [1, 2, 3, 4, 5]
    await following.aclose()
    assert not log._readers


async def test_a_reader_that_is_too_slow_holds_up_nobody(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(eventlog, "_QUEUE_LIMIT", 3)
    following = log.follow(0)
    log.normal("Test", "project", "0")
    assert (await anext(following)).serial == 1
    for number in range(10):
        log.normal("Test", "project", str(number))
    assert [(await anext(following)).serial for _ in range(3)] == [2, 3, 4]
    await following.aclose()


def test_serials_go_on_in_the_next_controller(open_store: Open, clock: HandClock) -> None:
    EventLog(open_store(), clock).normal("Test", "project", "1")
    store = open_store()
    EventLog(store, clock).normal("Test", "project", "2")
    assert [(one.serial, one.message) for one in store.events()] == [(1, "1"), (2, "2")]


def test_one_event_is_one_line(log: EventLog, store: Store) -> None:
    """FAULTS, security 11."""
    log.normal("Test", "project", "a\r\nb\x1b[31mc")
    (event,) = store.events()
    assert event.message == r"a\r\nb\x1b[31mc"


def test_events_are_dated_by_the_wall_clock(log: EventLog, store: Store, clock: HandClock) -> None:
    log.normal("Test", "project", "1")
    clock.jump(-3600)
    log.normal("Test", "project", "2")
    first, second = store.events()
    assert (second.time - first.time, second.serial) == (-3600, 2)
