"""The desired state, its history, what slots remember, and the event log, in one SQLite file.

Changes of the desired state are on disk before they are answered. Events and slot memory are
written in batches by `flush`: a crash loses a moment of them, and labels make up for it.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from orchestrator.model.errors import StateError
from orchestrator.model.event import Event
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import Exit, ReplicaId, SlotHistory, SlotKey
from orchestrator.runtime.clock import Clock
from orchestrator.runtime.database import closed_on_error, open_database

# Kubernetes keeps 10 revisions of a Deployment.
REVISIONS_KEPT: Final = 10
EVENTS_KEPT: Final = 10_000
# The column `deleting` of a service.
_WANTED, _DELETING, _DELETED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A service as written by its user, the digest of its build's sources, how often a restart
    was ordered, and whether its rollout is paused."""

    spec: ServiceSpec
    source: str = ""
    restarted: int = 0
    paused: bool = False


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A node and what its operator said of it."""

    spec: NodeSpec
    cordoned: bool = False
    draining: bool = False
    down: bool = False


class Store:
    """The database of one project. `trouble` tells of an earlier file that was set aside.

    Every method may raise `StateError` (disk full, file gone): then nothing was changed.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._events: list[Event] = []
        self._slots: dict[SlotKey, SlotHistory | None] = {}
        self._db, self.trouble = open_database(path, int(clock.wall()), self._read)
        with closed_on_error(self._db):
            (last,) = self._db.execute("SELECT coalesce(max(serial), 0) FROM events").fetchone()
        self.last_event: int = last

    def _read(self, connection: sqlite3.Connection) -> None:
        """Whether all of it can be read: raises what `open_database` expects."""
        self._db = connection
        self.services(), self.deleting(), self.nodes(), self.slots(), self.stopping()
        self.serial(), self.previous(), self.events(limit=1)

    def close(self) -> None:
        """Write what is buffered and close."""
        try:
            self.flush()
        finally:
            self._db.close()

    # -- desired state ---------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside take effect together, or none."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._rollback()
            raise StateError(f"cannot write the state: {error}") from error
        except BaseException:
            self._rollback()
            raise

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def serial(self) -> int:
        """How often the desired state has changed."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'serial'").fetchone()
        return int(row[0]) if row else 0

    def set_serial(self, serial: int) -> None:
        """Record a change of the desired state."""
        self._db.execute("REPLACE INTO meta VALUES ('serial', ?)", (str(serial),))

    def previous(self) -> tuple[tuple[ServiceSpec, ...], tuple[NodeSpec, ...]] | None:
        """What was wanted before the last apply, None if nothing was."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'previous'").fetchone()
        if row is None:
            return None
        found = json.loads(row[0])
        return (
            tuple(ServiceSpec.model_validate(spec) for spec in found["services"]),
            tuple(NodeSpec.model_validate(spec) for spec in found["nodes"]),
        )

    def set_previous(self, services: Iterable[ServiceSpec], nodes: Iterable[NodeSpec]) -> None:
        """Keep what an apply is about to replace."""
        kept = {
            "services": [json.loads(dump(spec)) for spec in services],
            "nodes": [json.loads(dump(spec)) for spec in nodes],
        }
        self._db.execute("REPLACE INTO meta VALUES ('previous', ?)", (json.dumps(kept),))

    def services(self) -> dict[str, ServiceRecord]:
        """Every service that is wanted."""
        return self._read_services(_WANTED)

    def deleting(self) -> dict[str, ServiceRecord]:
        """Services that are wanted no more, and whose replicas may still run."""
        return self._read_services(_DELETING)

    def deleted(self) -> dict[str, ServiceRecord]:
        """Services of which nothing was left when their deletion was over."""
        return self._read_services(_DELETED)

    def _read_services(self, state: int) -> dict[str, ServiceRecord]:
        query = "SELECT spec, source, restarted, paused FROM services WHERE deleting = ?"
        records = [
            ServiceRecord(ServiceSpec.model_validate_json(spec), source, restarted, bool(paused))
            for spec, source, restarted, paused in self._db.execute(query, (state,))
        ]
        return {record.spec.name: record for record in records}

    def put_service(self, record: ServiceRecord) -> None:
        """Insert or replace a service."""
        self._db.execute(
            "REPLACE INTO services VALUES (?, ?, ?, ?, 0, ?)",
            (record.spec.name, dump(record.spec), record.source, record.restarted, record.paused),
        )

    def put_revision(self, record: ServiceRecord, revision: str, serial: int) -> None:
        """Remember a revision for rollback; the oldest beyond `REVISIONS_KEPT` go."""
        name = record.spec.name
        self._db.execute(
            "REPLACE INTO revisions VALUES (?, ?, ?, ?, ?)",
            (name, revision, serial, self._clock.wall(), dump(record.spec)),
        )
        self._db.execute(
            "DELETE FROM revisions WHERE service = ? AND revision NOT IN"
            " (SELECT revision FROM revisions WHERE service = ? ORDER BY serial DESC LIMIT ?)",
            (name, name, REVISIONS_KEPT),
        )

    def delete_service(self, name: str) -> None:
        """The service is wanted no more; it is forgotten once its replicas are gone."""
        self._db.execute("UPDATE services SET deleting = ? WHERE name = ?", (_DELETING, name))

    def forget_service(self, name: str) -> None:
        """The service is gone: all that is remembered is that it was deleted, and how it was to
        be stopped."""
        with self.transaction():
            self._db.execute(
                "UPDATE services SET deleting = ? WHERE name = ? AND deleting", (_DELETED, name)
            )
            self._db.execute("DELETE FROM revisions WHERE service = ?", (name,))
            self._db.execute("DELETE FROM slots WHERE service = ?", (name,))
            self._db.execute("DELETE FROM stopping WHERE service = ?", (name,))

    def nodes(self) -> dict[str, NodeRecord]:
        """Every node."""
        rows = self._db.execute("SELECT spec, cordoned, draining, down FROM nodes")
        records = [
            NodeRecord(NodeSpec.model_validate_json(spec), *map(bool, marks))
            for spec, *marks in rows
        ]
        return {record.spec.name: record for record in records}

    def put_node(self, record: NodeRecord) -> None:
        """Insert or replace a node."""
        self._db.execute(
            "REPLACE INTO nodes VALUES (?, ?, ?, ?, ?)",
            (record.spec.name, dump(record.spec), record.cordoned, record.draining, record.down),
        )

    def delete_node(self, name: str) -> None:
        """Forget a node."""
        self._db.execute("DELETE FROM nodes WHERE name = ?", (name,))

    # -- what slots remember ---------------------------------------------------------------

    def slots(self) -> dict[SlotKey, SlotHistory]:
        """What every slot remembered, with `not_before` on this process's monotonic clock.

        A remaining delay is never longer than it was when written, whatever the wall clock did.
        """
        rows = self._db.execute("SELECT service, slot, history, not_before_wall FROM slots")
        return {
            SlotKey(service, slot): self._revive(json.loads(history), not_before)
            for service, slot, history, not_before in rows
        }

    def _revive(self, history: dict[str, Any], not_before_wall: float) -> SlotHistory:
        last_exit = history.pop("last_exit")
        delay_s = float(history.pop("delay_s"))
        left_s = min(max(0.0, not_before_wall - self._clock.wall()), delay_s)
        return SlotHistory(
            **history,
            not_before=self._clock.monotonic() + left_s,
            last_exit=Exit(**last_exit) if last_exit else None,
        )

    def remember_slot(self, key: SlotKey, history: SlotHistory | None) -> None:
        """Write this at the next `flush`; None forgets the slot."""
        self._slots[key] = history

    def _write_slots(self) -> None:
        gone = [key for key, history in self._slots.items() if history is None]
        self._db.executemany("DELETE FROM slots WHERE service = ? AND slot = ?", gone)
        rows = (self._slot_row(key, history) for key, history in self._slots.items() if history)
        self._db.executemany("REPLACE INTO slots VALUES (?, ?, ?, ?)", rows)

    def _slot_row(self, key: SlotKey, history: SlotHistory) -> tuple[str, int, str, float]:
        delay_s = max(0.0, history.not_before - self._clock.monotonic())
        return *key, _history_json(history, delay_s), self._clock.wall() + delay_s

    # -- terminations in progress ----------------------------------------------------------

    def stopping(self) -> dict[ReplicaId, float]:
        """Seconds left until SIGKILL for each termination that was going on."""
        now = self._clock.wall()
        rows = self._db.execute("SELECT service, slot, attempt, deadline_wall FROM stopping")
        return {ReplicaId(*row[:3]): max(0.0, row[3] - now) for row in rows}

    def put_stopping(
        self, begun: Mapping[ReplicaId, float], over: Collection[ReplicaId] = ()
    ) -> None:
        """Terminations have begun, each with the seconds left until SIGKILL, and others are
        over."""
        now = self._clock.wall()
        rows = [(*replica, now + left_s) for replica, left_s in begun.items()]
        with self.transaction():
            self._db.executemany("REPLACE INTO stopping VALUES (?, ?, ?, ?)", rows)
            self._db.executemany(
                "DELETE FROM stopping WHERE service = ? AND slot = ? AND attempt = ?", over
            )

    # -- events ----------------------------------------------------------------------------

    def remember_event(self, event: Event) -> None:
        """Write this at the next `flush`."""
        self._events.append(event)

    def events(self, after: int = 0, limit: int = 1000, about: str = "") -> list[Event]:
        """At most `limit` of the newest events with a serial above `after`, oldest first."""
        self.flush()
        query = (
            "SELECT time, type, reason, object, message, serial FROM events WHERE serial > ?"
            " AND (? = '' OR object = ?) ORDER BY serial DESC LIMIT ?"
        )
        rows = self._db.execute(query, (after, about, about, limit)).fetchall()
        return [Event(*row) for row in reversed(rows)]

    def flush(self) -> None:
        """Write buffered events and slot memory in one transaction."""
        if not self._events and not self._slots:
            return
        with self.transaction():
            self._write_slots()
            self._db.executemany(
                "INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)",
                [(e.serial, e.time, e.type, e.reason, e.object, e.message) for e in self._events],
            )
            if self._events:
                oldest = self._events[-1].serial - EVENTS_KEPT
                self._db.execute("DELETE FROM events WHERE serial <= ?", (oldest,))
        self._slots.clear()
        self._events.clear()


@lru_cache(1024)  # Most slots remember the same: one attempt, and nothing bad.
def _history_json(history: SlotHistory, delay_s: float) -> str:
    fields = asdict(history) | {"delay_s": delay_s}
    del fields["not_before"]
    return json.dumps(fields)


def dump(spec: ServiceSpec | NodeSpec) -> str:
    """A spec as JSON, with only what its user wrote."""
    return spec.model_dump_json(exclude_unset=True)
