"""Accepting connections on a socket that other processes may share.

Without TLS, the loop's own server accepts: 10 µs less for each new connection than a loop in
Python. But uvloop ends it without a word at the first error of `accept`, such as no memory. So it
listens on a duplicate of the socket, and is begun anew where that is found closed. Out of
descriptors, it ends the connections that wait.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Final, cast

from orchestrator.proxy.backpressure import Holdable
from orchestrator.proxy.client import ClientConnection
from orchestrator.proxy.frontend import Frontend
from orchestrator.proxy.handshaking import Handshaker
from orchestrator.proxy.tcp import client_of

WATCH_S: Final = 1.0
BACKLOG: Final = 4096
"""Connections that may wait to be accepted."""
_CLIENTS: Final[dict[str, Callable[[Frontend], Holdable]]] = {
    "http": ClientConnection,
    "tcp": client_of,
}


class Acceptor:
    """Turns connections to `sock` into clients of a frontend, as it is then, until closed."""

    def __init__(self, sock: socket.socket, frontend: Frontend) -> None:
        self._sock = sock
        self._frontend = frontend
        self._way = self._begin()

    def follow(self, frontend: Frontend) -> None:
        """Have the next connections be clients of this one."""
        self._frontend = frontend
        if isinstance(self._way, Handshaker) != (frontend.tls is not None):
            self._way.close()
            self._way = self._begin()

    def close(self) -> None:
        """Accept no more. Connections that wait are left to whoever shares the socket."""
        self._way.close()
        self._sock.close()

    def _begin(self) -> "Handshaker | PlainServer":
        if self._frontend.tls is not None:
            return Handshaker(self._sock, lambda: self._frontend)
        return PlainServer(self._sock, self._client)

    def _client(self) -> asyncio.Protocol:
        client = _CLIENTS[self._frontend.listener.protocol](self._frontend)
        return cast(asyncio.Protocol, client)


class PlainServer:
    """The loop's server on duplicates of `sock`, begun anew when an error has ended it."""

    def __init__(self, sock: socket.socket, client: Callable[[], asyncio.Protocol]) -> None:
        self._sock = sock
        self._client = client
        self._loop = asyncio.get_running_loop()
        self._listening: socket.socket | None = None
        self._server: asyncio.Server | None = None
        self._beginning: asyncio.Task[None] | None = None
        self._watch()

    def close(self) -> None:
        """Accept no more."""
        self._look.cancel()
        if self._beginning is not None:
            self._beginning.cancel()
        if self._server is not None:
            self._server.close()
        if self._listening is not None:
            self._listening.close()

    def _watch(self) -> None:
        if self._listening is None or self._listening.fileno() < 0:
            with contextlib.suppress(OSError):  # Out of descriptors: there may be one later.
                self._listening = self._sock.dup()
                self._beginning = self._loop.create_task(self._serve(self._listening))
        self._look = self._loop.call_later(WATCH_S, self._watch)

    async def _serve(self, listening: socket.socket) -> None:
        self._server = await self._loop.create_server(self._client, sock=listening, backlog=BACKLOG)
