"""Accepting connections on a socket that other processes may share.

Not `create_server`: uvloop closes a listening socket for good on the first error of `accept`, and
running out of descriptors is such an error. This costs 8 µs more for each new connection.
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Final

from orchestrator.proxy.client import ClientConnection
from orchestrator.proxy.frontend import Frontend
from orchestrator.proxy.tcp import client_of
from orchestrator.proxy.tls import welcome

PAUSE_S: Final = 0.1
# Connections taken in one go, so that open ones get their turn in a flood of new ones.
BATCH: Final = 64
_CLIENTS: Final[dict[str, Callable[[Frontend], asyncio.Protocol]]] = {
    "http": ClientConnection,
    "tcp": client_of,
}


class Acceptor:
    """Turns connections to `sock` into clients of `frontend`, as it is then, until closed."""

    def __init__(self, sock: socket.socket, frontend: Frontend) -> None:
        self.sock = sock
        self.frontend = frontend
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[object]] = set()
        self._paused: asyncio.TimerHandle | None = None
        sock.setblocking(False)
        self._loop.add_reader(sock.fileno(), self._accept)

    def close(self) -> None:
        """Accept no more. Connections that wait are left to whoever shares the socket."""
        if self._paused is not None:
            self._paused.cancel()
        self._loop.remove_reader(self.sock.fileno())
        self.sock.close()

    def _accept(self) -> None:
        for _ in range(BATCH):
            try:
                connection, _ = self.sock.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionAbortedError:
                continue
            except OSError:
                self._pause()
                return
            self._open(connection)

    def _open(self, connection: socket.socket) -> None:
        frontend = self.frontend
        if frontend.tls is None:
            client = _CLIENTS[frontend.listener.protocol]
            opening = self._loop.connect_accepted_socket(lambda: client(frontend), connection)
            task: asyncio.Task[object] = self._loop.create_task(opening)
        else:
            task = self._loop.create_task(welcome(connection, frontend, frontend.tls))
        self._opening.add(task)
        task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[object]) -> None:
        self._opening.discard(task)
        if not task.cancelled():
            task.exception()  # A client that left meanwhile is nothing to report.

    def _pause(self) -> None:
        """Out of descriptors or memory: try again when some may be free."""
        self._loop.remove_reader(self.sock.fileno())
        self._paused = self._loop.call_later(PAUSE_S, self._resume)

    def _resume(self) -> None:
        self._paused = None
        self._loop.add_reader(self.sock.fileno(), self._accept)
