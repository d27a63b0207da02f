"""The engine's event stream as hints about our replicas."""

import json
import time
from collections.abc import Iterator
from typing import Any, Final

from orchestrator.engines.docker.identity import identity_of, project_filter
from orchestrator.engines.docker.sight import ended
from orchestrator.model.launch import EngineEvent

PATH: Final = "/events"
KINDS: Final = {"start": "started", "die": "exited", "oom": "oom", "destroy": "removed"}
"""The engine's words for what we want to hear of, and ours."""
_SECOND_NS: Final = 1_000_000_000


class EventParser:
    """Chunks of the stream in, events out. Remembers across connections where it was, and which
    containers ran out of memory until they are gone."""

    def __init__(self, project: str) -> None:
        self._project = project
        self._next_ns = time.time_ns()
        self._out_of_memory: set[str] = set()
        self._partial = b""

    def query(self) -> dict[str, str]:
        """For a connection that misses nothing the engine still remembers since the last event."""
        self._partial = b""
        filters = {"type": ["container"], "event": list(KINDS)} | {
            key: [value] for key, value in project_filter(self._project).items()
        }
        since = f"{self._next_ns // _SECOND_NS}.{self._next_ns % _SECOND_NS:09d}"
        return {"filters": json.dumps(filters), "since": since}

    def feed(self, chunk: bytes) -> Iterator[EngineEvent]:
        """One JSON document a line; lines may be cut anywhere."""
        *lines, self._partial = (self._partial + chunk).split(b"\n")
        for line in filter(None, lines):
            event = self._event(json.loads(line))
            if event is not None:
                yield event

    def _event(self, told: dict[str, Any]) -> EngineEvent | None:
        self._next_ns = told["timeNano"] + 1
        attributes = told["Actor"]["Attributes"]
        identity = identity_of(self._project, attributes)
        if identity is None or told["Action"] not in KINDS:
            return None
        kind, engine_id = KINDS[told["Action"]], told["Actor"]["ID"]
        self._remember(kind, engine_id)
        exit_ = None
        if kind == "exited":
            code = int(attributes["exitCode"])
            exit_ = ended(code, oom_killed=engine_id in self._out_of_memory)
        return EngineEvent(kind, identity.id, engine_id, exit_)

    def _remember(self, kind: str, engine_id: str) -> None:
        if kind == "oom":
            self._out_of_memory.add(engine_id)
        elif kind == "removed":
            self._out_of_memory.discard(engine_id)
