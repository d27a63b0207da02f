"""A cookie that keeps a client on its replica, for services that remember in memory.

Its value is a hash of the replica's attempt: it tells nobody an address, and a replacement is not
taken for the one it replaces.
"""

from collections.abc import Collection
from hashlib import blake2b
from typing import TYPE_CHECKING

from orchestrator.proxy.keys import cookie_finder

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.exchange import Exchange


class Sticky:
    """The cookies of one snapshot's backends."""

    def __init__(self, name: str, backends: "tuple[Backend, ...]") -> None:
        self._name = name
        self._find = cookie_finder(name)
        self._backends = {_token(backend.endpoint.id): backend for backend in backends}

    def wanted(self, exchange: "Exchange", exclude: Collection[object]) -> "Backend | None":
        """The backend that the request's cookie names, if that may take it."""
        value = self._find(exchange.request.headers.lines)
        backend = self._backends.get(value) if value else None
        return backend if backend is not None and backend not in exclude else None

    def line(self, backend: "Backend") -> bytes:
        """The header line that has the client come back to this backend."""
        token = _token(backend.endpoint.id).decode()
        cookie = f"{self._name}={token}; Path=/; HttpOnly; SameSite=Lax"
        return f"\r\nSet-Cookie: {cookie}".encode()


def _token(endpoint_id: str) -> bytes:
    return blake2b(endpoint_id.encode(), digest_size=8).hexdigest().encode()
