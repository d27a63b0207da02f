"""Opening the state database: schema, durability, and what to do with a broken file.

One SQLite file, write-ahead log, one writer, readable by its owner only.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final

from orchestrator.model.errors import StateError

SCHEMA_VERSION: Final = 1
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


def open_database(path: Path, stamp: int) -> tuple[sqlite3.Connection, str]:
    """The connection, and what went wrong with an earlier file ("" if nothing).

    A file that is truncated, corrupt or of a newer version is moved aside to
    `NAME.broken-STAMP`, never deleted, and a new one begun: what runs is found by its labels.
    Raises `StateError` if no file can be written at all.
    """
    trouble = ""
    try:
        connection = _connect(path)
        trouble = _fault(connection)
        if trouble:
            connection.close()
    except sqlite3.DatabaseError as error:
        trouble = str(error)
    except OSError as error:
        raise StateError(f"cannot open {path}: {error.strerror}") from error
    if not trouble:
        return connection, ""
    kept = _set_aside(path, stamp)
    return _connect(path), f"state file unusable ({trouble}); kept as {kept.name}, begun anew"


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if not connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
            connection.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
            )
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _fault(connection: sqlite3.Connection) -> str:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
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
