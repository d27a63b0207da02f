"""`logs -f`: output as it is written, of replicas that start later too.

One reader for what runs now, and one more for each replica that starts from then on. Both may
show the same attempt if it starts in between: the reader that is first with it keeps it.
"""

import json
import queue
import threading
from collections.abc import Iterator
from typing import Any

from orchestrator.cli.client import Client
from orchestrator.model.errors import OrchestratorError

_FIRST = 0


class Follower:
    """Lines of a service's replicas, or of one, until the controller ends."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._news: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._readers = _FIRST
        self._owners: dict[tuple[str, int], int] = {}

    def lines(self, tail: int | None) -> Iterator[Any]:
        """What the API answers, one object a line. Raises `OrchestratorError` for unknown names,
        and when the controller is gone."""
        newest = self._client.get("/v1/events", limit=1)
        self._read(self._name, tail)
        self._spawn(self._watch, newest[-1]["serial"] if newest else 0)
        while True:
            reader, line = self._news.get()
            if isinstance(line, OrchestratorError):
                # A replica that is gone before it could be read is no trouble of ours.
                if reader == _FIRST:
                    raise line
            elif self._owners.setdefault((line["replica"], line["attempt"]), reader) == reader:
                yield line

    def _read(self, name: str, tail: int | None = None) -> None:
        self._spawn(self._read_all, self._readers, name, tail)
        self._readers += 1

    def _read_all(self, reader: int, name: str, tail: int | None) -> None:
        try:
            for line in self._client.lines(f"/v1/logs/{name}", follow=True, tail=tail):
                if line:
                    self._news.put((reader, json.loads(line)))
        except OrchestratorError as error:
            self._news.put((reader, error))

    def _watch(self, after: int) -> None:
        """Read every replica that starts."""
        gone = OrchestratorError("the controller has ended")
        try:
            for line in self._client.lines("/v1/events/stream", after=after):
                if line.startswith("data: "):
                    self._consider(json.loads(line[6:]))
        except OrchestratorError as error:
            gone = error
        self._news.put((_FIRST, gone))

    def _consider(self, event: Any) -> None:
        replica = str(event["object"]).removeprefix("replica/")
        if event["reason"] == "Started" and self._name in (replica, replica.rpartition("-")[0]):
            self._read(replica)

    @staticmethod
    def _spawn(function: Any, *args: Any) -> None:
        threading.Thread(target=function, args=args, daemon=True).start()
