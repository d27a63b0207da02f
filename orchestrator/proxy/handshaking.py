"""Accepting connections that have to shake hands before they are clients."""

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from orchestrator.proxy.tls import welcome

if TYPE_CHECKING:
    from orchestrator.proxy.frontend import Frontend

PAUSE_S: Final = 0.1
# Connections taken in one go, so that open ones get their turn in a flood of new ones.
BATCH: Final = 64


class Handshaker:
    """Welcomes connections to `sock` to the frontend of the moment, which has TLS."""

    def __init__(self, sock: socket.socket, frontend: "Callable[[], Frontend]") -> None:
        self._sock = sock
        self._frontend = frontend
        self._loop = asyncio.get_running_loop()
        self._shaking: set[asyncio.Task[None]] = set()
        self._paused: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        self._loop.add_reader(sock.fileno(), self._accept)

    def close(self) -> None:
        """Accept no more."""
        if self._paused is not None:
            self._paused.cancel()
        self._loop.remove_reader(self._sock.fileno())

    def _accept(self) -> None:
        for _ in range(BATCH):
            try:
                connection, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError:
                self._pause()
                return
            self._open(connection)

    def _open(self, connection: socket.socket) -> None:
        frontend = self._frontend()
        if frontend.tls is None:
            connection.close()
            return
        task = self._loop.create_task(welcome(connection, frontend, frontend.tls))
        self._shaking.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._shaking.discard(task)
        if not task.cancelled():
            task.exception()  # A client that left meanwhile is nothing to report.

    def _pause(self) -> None:
        """Out of descriptors or memory: try again when some may be free."""
        self._loop.remove_reader(self._sock.fileno())
        self._paused = self._loop.call_later(PAUSE_S, self._resume)

    def _resume(self) -> None:
        self._paused = None
        self._loop.add_reader(self._sock.fileno(), self._accept)
