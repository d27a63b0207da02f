"""What is written is what is read, whatever clocks and disks do."""

import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.model.errors import StateError
from orchestrator.model.event import Event
from orchestrator.model.state import Exit, ReplicaId, SlotHistory, SlotKey
from orchestrator.runtime import store as module
from orchestrator.runtime.store import REVISIONS_KEPT, NodeRecord, ServiceRecord, Store
from tests.runtime.conftest import Open, node, service
from tests.support.clock import HandClock

WEB_1 = SlotKey("web", 1)


def test_services_and_nodes_come_back_as_they_were_written(open_store: Open) -> None:
    spec = service(env={"A": "é\n"}, replicas=3)
    web = ServiceRecord(spec, source="abc", restarted=2, paused=True)
    marked = NodeRecord(node("n1", labels={"disk": "ssd"}), cordoned=True, draining=True, down=True)
    store = open_store()
    with store.transaction():
        store.put_service(web)
        store.put_node(marked)
        store.set_serial(7)
    again = open_store()
    assert again.services() == {"web": web}
    assert again.nodes() == {"n1": marked}
    assert again.serial() == 7
    assert again.trouble == ""


def test_only_what_was_written_is_stored(open_store: Open) -> None:
    """What a manifest leaves out stays left out: it may be asked which that was."""
    store = open_store()
    with store.transaction():
        store.put_service(ServiceRecord(service()))
    assert open_store().services()["web"].spec.model_fields_set == {"name", "command"}


def test_a_transaction_that_fails_changes_nothing(store: Store) -> None:
    with store.transaction():
        store.put_service(ServiceRecord(service("old")))

    def fail_half_way() -> None:
        with store.transaction():
            store.put_service(ServiceRecord(service("new")))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    assert set(store.services()) == {"old"}


def test_the_newest_revisions_are_kept(store: Store, database: Path) -> None:
    web = ServiceRecord(service())
    for number in range(1, REVISIONS_KEPT + 4):
        with store.transaction():
            store.put_revision(web, f"r{number}", number)
    with store.transaction():
        store.put_revision(ServiceRecord(service("other")), "r1", 1)
    rows = store._db.execute("SELECT service, revision FROM revisions ORDER BY serial").fetchall()
    kept = [("web", f"r{number}") for number in range(4, REVISIONS_KEPT + 4)]
    assert rows == [("other", "r1"), *kept]


def test_a_deleted_service_is_remembered_until_it_is_forgotten(open_store: Open) -> None:
    store = open_store()
    with store.transaction():
        store.put_service(ServiceRecord(service()))
    store.remember_slot(WEB_1, SlotHistory(last_attempt=3))
    with store.transaction():
        store.delete_service("web")
    store = open_store()
    assert (store.services(), set(store.deleting())) == ({}, {"web"})
    store.forget_service("web")
    store = open_store()
    assert (store.services(), store.deleting(), store.slots()) == ({}, {}, {})
    assert set(store.deleted()) == {"web"}


def test_a_service_applied_again_while_it_is_deleted_stays(store: Store) -> None:
    for _ in range(2):
        with store.transaction():
            store.put_service(ServiceRecord(service()))
        with store.transaction():
            store.delete_service("web")
    with store.transaction():
        store.put_service(ServiceRecord(service()))
    store.forget_service("web")
    assert set(store.services()) == {"web"}


# -- what slots remember ---------------------------------------------------------------------------


def test_slot_memory_comes_back_whole(open_store: Open, clock: HandClock) -> None:
    history = SlotHistory(
        last_attempt=4,
        restarts=3,
        failures=2,
        not_before=clock.monotonic() + 8,
        last_exit=Exit(137, oom_killed=True, reason="x", message="y"),
    )
    open_store().remember_slot(WEB_1, history)
    assert open_store().slots() == {WEB_1: history}


@settings(max_examples=40)
@given(
    delay_s=st.floats(0, 300),
    away_s=st.floats(0, 600),
    jump_s=st.sampled_from((0.0, 3600.0, -3600.0)),
)
def test_a_delay_is_never_longer_than_it_was_when_written(
    tmp_path_factory: pytest.TempPathFactory, delay_s: float, away_s: float, jump_s: float
) -> None:
    """A controller was away, its machine was rebooted and its wall clock set: a backoff goes on,
    and an hour's jump is not waited for."""
    path = tmp_path_factory.mktemp("state") / "state.db"
    clock = HandClock()
    before = Store(path, clock)
    before.remember_slot(WEB_1, SlotHistory(last_attempt=1, not_before=clock.monotonic() + delay_s))
    before.close()
    clock.pass_(away_s)
    clock.jump(jump_s)
    after = HandClock(monotonic=5.0, wall=clock.wall())
    again = Store(path, after)
    left_s = again.slots()[WEB_1].not_before - after.monotonic()
    again.close()
    assert -1e-6 <= left_s <= delay_s + 1e-6
    if not jump_s:
        assert left_s == pytest.approx(max(0.0, delay_s - away_s), abs=1e-3)


def test_a_forgotten_slot_is_gone(open_store: Open) -> None:
    store = open_store()
    store.remember_slot(WEB_1, SlotHistory(last_attempt=1))
    store.flush()
    store.remember_slot(WEB_1, None)
    assert open_store().slots() == {}


def test_a_termination_keeps_its_deadline(open_store: Open, clock: HandClock) -> None:
    replica = ReplicaId("web", 1, 2)
    open_store().put_stopping({replica: 10.0})
    clock.pass_(4.0)
    assert open_store().stopping() == {replica: pytest.approx(6.0)}
    clock.pass_(60.0)
    store = open_store()
    assert store.stopping() == {replica: 0.0}
    store.put_stopping({}, [replica])
    assert open_store().stopping() == {}


# -- events ----------------------------------------------------------------------------------------


def event(serial: int, about: str = "service/web") -> Event:
    """An event whose message is its serial."""
    return Event(1.5, "Normal", "Applied", about, str(serial), serial)


def test_events_come_back_oldest_first(open_store: Open) -> None:
    store = open_store()
    for serial in range(1, 6):
        store.remember_event(event(serial, f"service/{serial % 2}"))
    store = open_store()
    assert store.last_event == 5
    assert store.events() == [event(serial, f"service/{serial % 2}") for serial in range(1, 6)]
    assert [one.serial for one in store.events(after=2)] == [3, 4, 5]
    assert [one.serial for one in store.events(limit=2)] == [4, 5]
    assert [one.serial for one in store.events(about="service/1")] == [1, 3, 5]


def test_the_event_log_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVENTS_KEPT", 10)
    for serial in range(1, 26):
        store.remember_event(event(serial))
        if serial % 4 == 0:
            store.flush()
    assert [one.serial for one in store.events()] == list(range(16, 26))


def test_only_the_owner_may_read_the_state(store: Store, database: Path) -> None:
    store.remember_event(event(1))
    store.flush()
    for path in database.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


# -- a disk that takes no more ---------------------------------------------------------------------


def test_a_failing_write_leaves_the_state_as_it_was(open_store: Open, clock: HandClock) -> None:
    """SQLite's own page limit: a database that may not grow, as on a disk that is full."""
    store = open_store()
    with store.transaction():
        store.put_service(ServiceRecord(service("old")))
        store.set_serial(1)
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")

    def write_too_much() -> None:
        with store.transaction():
            store.set_serial(2)
            for number in range(100):
                env = {"A": "x" * 1000}
                store.put_service(ServiceRecord(service(f"new-{number}", env=env)))

    with pytest.raises(StateError, match="full"):
        write_too_much()
    assert set(store.services()) == {"old"}
    assert store.serial() == 1
    again = open_store()
    assert (again.trouble, set(again.services())) == ("", {"old"})


def test_what_could_not_be_flushed_is_flushed_later(store: Store) -> None:
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    (most,) = store._db.execute("PRAGMA max_page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    for serial in range(1, 500):
        store.remember_event(event(serial, "x" * 100))
    with pytest.raises(StateError):
        store.flush()
    store._db.execute(f"PRAGMA max_page_count = {most}")
    assert len(store.events()) == 499


def test_a_place_that_cannot_hold_it_is_a_clear_error(database: Path, clock: HandClock) -> None:
    database.parent.joinpath("file").touch()
    with pytest.raises(StateError, match="cannot open"):
        Store(database.parent / "file" / "state.db", clock)
