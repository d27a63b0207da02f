"""Opening the state database: schema, durability, and what to do with a broken file.

One SQLite file, write-ahead log, one writer, readable by its owner only.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from orchestrator.model.errors import StateError

BUSY_S: Final = 5.0
# Result codes that say nothing against the file itself: https://sqlite.org/rescode.html
_DISK_TROUBLE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY,
    }
)  # fmt: skip
_SCHEMA: Final = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE services (
    name TEXT PRIMARY KEY, spec TEXT NOT NULL, source TEXT NOT NULL,
    restarted INTEGER NOT NULL, deleting INTEGER NOT NULL) STRICT;
CREATE TABLE revisions (
    service TEXT NOT NULL, revision TEXT NOT NULL, serial INTEGER NOT NULL,
    applied_at REAL NOT NULL, spec TEXT NOT NULL, PRIMARY KEY (service, revision)) STRICT;
CREATE TABLE nodes (
    name TEXT PRIMARY KEY, spec TEXT NOT NULL,
    cordoned INTEGER NOT NULL, draining INTEGER NOT NULL) STRICT;
CREATE TABLE slots (
    service TEXT NOT NULL, slot INTEGER NOT NULL, history TEXT NOT NULL,
    not_before_wall REAL NOT NULL, PRIMARY KEY (service, slot)) STRICT;
CREATE TABLE stopping (
    service TEXT NOT NULL, slot INTEGER NOT NULL, attempt INTEGER NOT NULL,
    deadline_wall REAL NOT NULL, PRIMARY KEY (service, slot, attempt)) STRICT;
CREATE TABLE events (
    serial INTEGER PRIMARY KEY, time REAL NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL,
    object TEXT NOT NULL, message TEXT NOT NULL) STRICT;
"""
_UPGRADES: Final = (
    "ALTER TABLE nodes ADD COLUMN down INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE services ADD COLUMN paused INTEGER NOT NULL DEFAULT 0",
)
"""The first makes version 2 of the schema above, and so on."""
SCHEMA_VERSION: Final = 1 + len(_UPGRADES)


Read = Callable[[sqlite3.Connection], object]
"""Reads all that counts; raises `ValueError`, `TypeError` or `KeyError` on what it cannot use."""


def open_database(path: Path, stamp: int, read: Read) -> tuple[sqlite3.Connection, str]:
    """The connection, and what went wrong with an earlier file ("" if nothing).

    A file of an older version is brought up to date. One that is truncated, corrupt, unreadable
    for `read` or of a newer version is moved aside to `NAME.broken-STAMP`, never deleted, and a
    new one begun: what runs is found by its labels.
    Raises `StateError`, with the file where it was, if the disk is at fault and not the file.
    """
    try:
        connection, trouble = _opened(path, read)
        if connection is not None:
            return connection, ""
        kept = _set_aside(path, stamp)
        return _connect(path), f"state file unusable ({trouble}); kept as {kept.name}, begun anew"
    except OSError as error:
        raise StateError(f"cannot open {path}: {error.strerror}") from error
    except sqlite3.Error as error:
        raise StateError(
            f"cannot open {path}: {error}",
            remedy="see whether the disk is full or read-only; the file is as it was",
        ) from error


def _opened(path: Path, read: Read) -> tuple[sqlite3.Connection | None, str]:
    """The connection, or None and what is wrong with the file. Raises `sqlite3.Error` if nothing
    is known to be."""
    try:
        connection = _connect(path)
        with closed_on_error(connection):
            trouble = _fault(connection)
            if not trouble:
                _upgrade(connection)
                read(connection)
                return connection, ""
        connection.close()
    except sqlite3.DatabaseError as error:
        if _is_the_disks(error):
            raise
        trouble = str(error)
    except (ValueError, TypeError, KeyError) as error:
        trouble = f"it holds what cannot be read: {str(error).splitlines()[0]}"
    return None, trouble


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    """Close it if the block raises anything."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _is_the_disks(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code & 0xFF in _DISK_TROUBLE and code != sqlite3.SQLITE_IOERR_SHORT_READ


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_S)
    with closed_on_error(connection):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if not connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = 1; COMMIT;")
            _upgrade(connection)
    return connection


def _upgrade(connection: sqlite3.Connection) -> None:
    if missing := _UPGRADES[_version(connection) - 1 :]:
        steps = "; ".join(missing)
        connection.executescript(f"BEGIN; {steps}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _fault(connection: sqlite3.Connection) -> str:
    version = _version(connection)
    if not 1 <= version <= SCHEMA_VERSION:
        return f"its version is {version}, this program writes {SCHEMA_VERSION}"
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if verdict == "ok" else f"damaged: {verdict}"


def _set_aside(path: Path, stamp: int) -> Path:
    kept = path.with_name(f"{path.name}.broken-{stamp}")
    path.replace(kept)
    for suffix in ("-wal", "-shm"):
        side = path.with_name(path.name + suffix)
        if side.exists():
            side.replace(kept.with_name(kept.name + suffix))
    return kept
