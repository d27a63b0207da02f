"""Endpoints that are no more, and what is still open with them.

A process that ends closes its connections, and each of them is seen to end. A replica whose network
goes first never says another word, and nobody else does for it: its requests would wait for
`responseTimeout`. The controller knows, and tells.

What such a replica had sent is still read: its connection is cut once a whole tick of the clock has
brought nothing from it. Between two ticks the loop has read all that the kernel had.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from orchestrator.proxy.tcp import Session

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.client import ClientConnection
    from orchestrator.proxy.frontend import Frontend
    from orchestrator.proxy.half import Half
    from orchestrator.proxy.upstream import UpstreamConnection


class Gone:
    """Cuts what stays silent."""

    def __init__(self) -> None:
        self._backends: set[Backend] = set()
        self._heard: dict[UpstreamConnection | Half, object] = {}

    def add(self, backend: "Backend") -> None:
        """This endpoint is no more."""
        self._backends.add(backend)

    def sweep(self, frontends: Iterable["Frontend"]) -> None:
        """A tick has passed."""
        self._backends = {backend for backend in self._backends if backend.in_flight}
        if not self._backends:
            self._heard.clear()
            return
        before, self._heard = self._heard, {}
        for connection in tuple(self._open(frontends)):
            heard = connection.heard
            if heard is not None and before.get(connection) == heard:
                connection.vanish()
            else:
                self._heard[connection] = heard

    def _open(self, frontends: Iterable["Frontend"]) -> "Iterator[UpstreamConnection | Half]":
        for frontend in frontends:
            for client in frontend.clients:
                used = _used_by(client)
                if used is not None and used[0] in self._backends:
                    yield used[1]


def _used_by(
    client: "ClientConnection | Session",
) -> "tuple[Backend, UpstreamConnection | Half] | None":
    """The endpoint and the connection to it that the client's request or session is on."""
    carried = client if isinstance(client, Session) else client.exchange
    if carried is None or carried.upstream is None:
        return None
    return carried.backend, carried.upstream
