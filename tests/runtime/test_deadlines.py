"""Deadlines of terminations are on disk before anybody is sent SIGTERM, many at a time."""

import asyncio
from collections.abc import Collection, Mapping

import pytest

from orchestrator.model.errors import StateError
from orchestrator.model.state import ReplicaId
from orchestrator.runtime.deadlines import Deadlines
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.store import Store
from tests.support.clock import HandClock

REPLICAS = [ReplicaId("web", slot, 1) for slot in range(1, 6)]


async def test_those_of_one_turn_are_written_together(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []
    put = store.put_stopping

    def counted(begun: Mapping[ReplicaId, float], over: Collection[ReplicaId]) -> None:
        written.append(len(begun))
        put(begun, over)

    monkeypatch.setattr(store, "put_stopping", counted)
    deadlines = Deadlines(store, EventLog(store, clock))
    await asyncio.gather(*(deadlines.begin(id_, 10.0) for id_ in REPLICAS))
    assert (written, set(store.stopping())) == ([5], set(REPLICAS))
    deadlines.end(REPLICAS[0])
    await deadlines.begin(ReplicaId("api", 1, 1), 2.5)
    assert set(store.stopping()) == {*REPLICAS[1:], ReplicaId("api", 1, 1)}


async def test_what_an_earlier_controller_granted_is_said_once(
    store: Store, clock: HandClock
) -> None:
    store.put_stopping({REPLICAS[0]: 7.0})
    clock.pass_(3.0)
    deadlines = Deadlines(store, EventLog(store, clock))
    assert deadlines.granted(REPLICAS[0]) == pytest.approx(4.0)
    assert deadlines.granted(REPLICAS[0]) is None


async def test_a_full_disk_stops_no_stop(
    store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StateError("cannot write the state: disk full")

    log = EventLog(store, clock)
    deadlines = Deadlines(store, log)
    monkeypatch.setattr(store, "put_stopping", full)
    await deadlines.begin(REPLICAS[0], 1.0)
    assert [event.reason for event in store.events()] == ["StateError"]
    monkeypatch.undo()
    await deadlines.begin(REPLICAS[1], 1.0)
    assert set(store.stopping()) == {REPLICAS[1]}
