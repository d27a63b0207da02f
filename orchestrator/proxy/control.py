"""The worker's end of the control channel: obeys the newest controller, outlives each of them."""

import asyncio
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from orchestrator.model.snapshot import Snapshot
from orchestrator.proxy.channel import PROTOCOL, Channel, Message, received_socket
from orchestrator.proxy.plane import DataPlane

STATS_PERIOD_S: Final = 1.0


class ControlServer:
    """Serves controllers on a listening Unix socket. `on_shutdown(timeout_s)` ends the worker."""

    def __init__(
        self,
        sock: socket.socket,
        on_shutdown: Callable[[float], None],
        log_folder: Path | None = None,
    ) -> None:
        sock.setblocking(False)
        self.plane = DataPlane(self._notify, log_folder)
        self._sock = sock
        self._on_shutdown = on_shutdown
        self._started_at = time.time()
        self._channel: Channel | None = None
        self._told: dict[str, Any] = {}
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sock.fileno(), self._accept)

    @property
    def greeted(self) -> bool:
        """Whether any controller ever came."""
        return self._channel is not None

    def _accept(self) -> None:
        try:
            connection, _ = self._sock.accept()
        except OSError:
            return
        if self._channel is not None:
            self._channel.close()  # One controller at a time: the newest.
        self._channel = Channel(connection, self._received, lambda: None)
        self._told = {}
        self._greet(self._channel)
        self._report(self._channel)

    def _greet(self, channel: Channel) -> None:
        channel.send(
            {
                "type": "hello",
                "protocol": PROTOCOL,
                "pid": os.getpid(),
                "started_at": self._started_at,
                "version": self.plane.version,
                "endpoints": sorted(self.plane.endpoint_ids),
                "asleep": sorted(self.plane.asleep),
            }
        )
        for (host, port), sock in self.plane.sockets.items():
            channel.send({"type": "listener", "host": host, "port": port}, sock.fileno())
        channel.send({"type": "ready"})

    def _notify(self, message: Message) -> None:
        if self._channel is not None:
            self._channel.send(message)

    def _report(self, channel: Channel) -> None:
        """Send the counters now if they have changed, and again every second."""
        if channel.closed:
            return
        stats = self.plane.stats()
        if stats != self._told:
            self._told = stats
            channel.send({"type": "stats", **stats})
        self._loop.call_later(STATS_PERIOD_S, self._report, channel)

    def _received(self, message: Message, fds: list[int]) -> None:
        match message.get("type"):
            case "listen":
                address = (str(message["host"]), int(message["port"]))
                self.plane.add_socket(address, received_socket(fds))
            case "snapshot":
                self._apply(message["snapshot"])
            case "gone":
                self.plane.end_gone(message["endpoints"])
            case "stats":
                self._notify({"type": "stats", **self.plane.stats()})
            case "shutdown":
                self._on_shutdown(float(message["timeout_s"]))
            case _:  # A newer controller may know more messages; what is unknown is not obeyed.
                pass

    def _apply(self, text: str) -> None:
        try:
            snapshot = Snapshot.from_json(text)
        except ValueError as error:
            self._notify({"type": "refused", "version": -1, "why": str(error)})
            return
        try:
            self.plane.apply(snapshot)
        except LookupError as error:
            self._notify({"type": "refused", "version": snapshot.version, "why": str(error)})
        else:
            self._notify({"type": "ack", "version": snapshot.version})
