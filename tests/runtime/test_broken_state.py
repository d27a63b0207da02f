"""Fault 20: a state file that is no use is set aside, never deleted. Fault 19: one that is in
order stays where it is when only the disk is not."""

import contextlib
import resource
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.model.errors import StateError
from orchestrator.runtime import database as module
from orchestrator.runtime.store import NodeRecord, ServiceRecord, Store, dump
from tests.runtime.conftest import Open, node, service
from tests.support.clock import HandClock


@pytest.fixture
def written(open_store: Open, database: Path) -> bytes:
    """The bytes of a state that holds one service."""
    store = open_store()
    with store.transaction():
        store.put_service(ServiceRecord(service()))
    store.close()
    return database.read_bytes()


def set_aside(database: Path) -> list[Path]:
    """Broken files that were kept."""
    return sorted(database.parent.glob("state.db.broken-*[0-9]"))


@pytest.mark.parametrize("keep", [16, 50, 100, 512, 4096, 5000, 20_000])
def test_a_truncated_file_is_kept_and_a_new_one_begun(
    written: bytes, database: Path, open_store: Open, keep: int
) -> None:
    database.write_bytes(written[:keep])
    store = open_store()
    assert "kept as state.db.broken-" in store.trouble
    assert store.services() == {}
    (kept,) = set_aside(database)
    assert kept.read_bytes() == written[:keep]
    with store.transaction():
        store.put_service(ServiceRecord(service("new")))
    again = open_store()
    assert (again.trouble, set(again.services())) == ("", {"new"})


@pytest.mark.parametrize("rubbish", [b"\0" * 8192, b"not a database" * 100, b"{}"])
def test_a_file_that_is_no_database_is_kept(
    database: Path, open_store: Open, rubbish: bytes
) -> None:
    database.write_bytes(rubbish)
    assert open_store().trouble
    (kept,) = set_aside(database)
    assert kept.read_bytes() == rubbish


def test_an_empty_file_is_a_beginning(database: Path, open_store: Open) -> None:
    database.touch()
    store = open_store()
    assert (store.trouble, store.services(), set_aside(database)) == ("", {}, [])


def test_the_file_of_the_first_version_is_brought_up_to_date(
    database: Path, open_store: Open
) -> None:
    with sqlite3.connect(database) as connection:
        connection.executescript(f"{module._SCHEMA} PRAGMA user_version = 1;")
        connection.execute("INSERT INTO nodes VALUES (?, ?, 1, 0)", ("n1", dump(node("n1"))))
        connection.execute(
            "INSERT INTO services VALUES (?, ?, 'digest', 2, 0)", ("web", dump(service()))
        )
    connection.close()
    for _ in range(2):
        store = open_store()
        assert (store.trouble, set_aside(database)) == ("", [])
        assert store.nodes() == {"n1": NodeRecord(node("n1"), cordoned=True)}
        assert store.services() == {"web": ServiceRecord(service(), "digest", 2)}


def test_the_file_of_a_newer_version_is_kept(
    written: bytes, database: Path, open_store: Open
) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    newer = database.read_bytes()
    store = open_store()
    assert "its version is 99" in store.trouble
    (kept,) = set_aside(database)
    assert kept.read_bytes() == newer


def test_a_specification_that_cannot_be_read_is_no_reason_to_fail(
    written: bytes, database: Path, open_store: Open
) -> None:
    """Sound as a database, unreadable as a state: a bit flipped in a text."""
    database.write_bytes(written.replace(b'"kind":"Service"', b'"kind":"Sermice"', 1))
    database.write_bytes(database.read_bytes().replace(b'{"name":"web"', b'{"nome":"web"', 1))
    store = open_store()
    assert store.trouble
    assert store.services() == {}
    assert set_aside(database)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_survived(
    written: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Bytes overwritten anywhere: it opens, it can be written, and it never raises."""
    path = tmp_path_factory.mktemp("broken") / "state.db"
    at = data.draw(st.integers(0, len(written) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=200))
    path.write_bytes((written[:at] + junk + written[at + len(junk) :])[: len(written)])
    store = Store(path, HandClock())
    try:
        store.services(), store.nodes(), store.slots(), store.stopping(), store.events()
        with store.transaction():
            store.put_service(ServiceRecord(service("new")))
        assert "new" in store.services()
    finally:
        store.close()


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process may grow: writes fail as on a disk that is full. For as short as
    can be: the test runner's own output may be a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_does_not_set_a_sound_file_aside(
    written: bytes, database: Path, clock: HandClock
) -> None:
    with full_disk(), pytest.raises(StateError):
        Store(database, clock)
    assert set_aside(database) == []
    assert database.read_bytes() == written


def test_a_file_that_somebody_else_holds_is_not_set_aside(
    written: bytes, database: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestrator.runtime import database as module

    monkeypatch.setattr(module, "BUSY_S", 0.05)
    holder = sqlite3.connect(database, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(StateError, match="locked"):
            Store(database, clock)
        assert set_aside(database) == []
    finally:
        holder.close()
