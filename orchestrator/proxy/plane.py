"""All that a worker routes: snapshots come in, listeners and backends follow."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.model.snapshot import Endpoint, Listener, Snapshot
from orchestrator.proxy.access_log import AccessLogs
from orchestrator.proxy.backend import Backend
from orchestrator.proxy.clock import Clock
from orchestrator.proxy.demand import Demand
from orchestrator.proxy.frontend import Frontend
from orchestrator.proxy.gone import Gone
from orchestrator.proxy.listening import Acceptor
from orchestrator.proxy.port import Port
from orchestrator.proxy.tls import Contexts

if TYPE_CHECKING:
    from orchestrator.proxy.client import ClientConnection
    from orchestrator.proxy.tcp import Session

Address = tuple[str, int]
Notify = Callable[[dict[str, Any]], None]

_POLL_S: Final = 0.02


class DataPlane:
    """Keeps listeners and backends as the last snapshot says. `notify` hears what happens.

    Access logs go to `log_folder`; without one there are none.
    """

    def __init__(self, notify: Notify, log_folder: Path | None = None) -> None:
        self._notify = notify
        self._demand = Demand(notify)
        self._access_logs = AccessLogs(log_folder)
        self._tls = Contexts()
        self._clock = Clock(self._sweep)
        self._sockets: dict[Address, socket.socket] = {}
        self._acceptors: dict[Address, Acceptor] = {}
        self._ports: dict[Address, Port] = {}
        self._closing: set[Frontend] = set()
        self._backends: dict[str, Backend] = {}
        self._draining: set[Backend] = set()
        self._gone = Gone()
        self.version = 0

    @property
    def sockets(self) -> dict[Address, socket.socket]:
        """The listening sockets by address."""
        return self._sockets

    @property
    def endpoint_ids(self) -> set[str]:
        """Endpoints that have or may get requests."""
        return set(self._backends) | {backend.endpoint.id for backend in self._draining}

    @property
    def frontends(self) -> dict[str, Frontend]:
        """Of the last snapshot, by service."""
        return {name: one for port in self._ports.values() for name, one in port.frontends.items()}

    @property
    def asleep(self) -> set[str]:
        """Services whose requests wait for a first replica."""
        return {name for name, one in self.frontends.items() if one.asleep}

    def add_socket(self, address: Address, sock: socket.socket) -> None:
        """Have a listening socket ready for a snapshot that wants it."""
        if address in self._sockets:
            sock.close()
        else:
            self._sockets[address] = sock

    def apply(self, snapshot: Snapshot) -> None:
        """Route as `snapshot` says from the next request on.

        Raises `LookupError`, with nothing changed, if a listening socket is missing, or a
        certificate cannot be used.
        """
        wanted = _by_address(snapshot.listeners)
        if missing := wanted.keys() - self._sockets.keys():
            raise LookupError(f"no listening socket for {sorted(missing)}")
        self._tls.load(listener.certificate for listener in snapshot.listeners)
        self.version = snapshot.version
        self._clock.wake()
        endpoints = {e.id: e for listener in snapshot.listeners for e in listener.endpoints}
        gone = self._update_backends(endpoints)
        for address, listeners in wanted.items():
            self._follow(address, listeners)
        for address in self._sockets.keys() - wanted.keys():
            self._close_listener(address)
        for backend in gone:
            self._draining.add(backend)
            backend.remove()
            if backend.endpoint.id in self._backends:  # At another address: at this one is nobody.
                self._gone.add(backend)

    def end_gone(self, endpoint_ids: Collection[str]) -> None:
        """These endpoints are no more: what is open with them ends, as if they had reset it. One
        that the last snapshot names is left alone."""
        for backend in self._draining:
            id_ = backend.endpoint.id
            if id_ in endpoint_ids and id_ not in self._backends:
                self._gone.add(backend)

    def _update_backends(self, endpoints: dict[str, Endpoint]) -> list[Backend]:
        """Follow the snapshot; return the backends it no longer names."""
        gone = []
        for id_, backend in tuple(self._backends.items()):
            endpoint = endpoints.get(id_)
            if endpoint is None or endpoint.address != backend.endpoint.address:
                gone.append(self._backends.pop(id_))
            else:  # With another weight, say: what it has in flight and has warmed up stays.
                backend.endpoint = endpoint
        for id_, endpoint in endpoints.items():
            if id_ not in self._backends:
                self._backends[id_] = Backend(endpoint, self._clock, self._suspected, self._drained)
        return gone

    def _follow(self, address: Address, listeners: list[Listener]) -> None:
        if address not in self._ports:
            self._ports[address] = Port(address, self._clock)
        port = self._ports[address]
        port.follow(listeners)
        port.entrance.tls = self._tls.of(listeners[0])  # Of all at the address, or of none.
        for listener in listeners:
            frontend = port.frontends[listener.service]
            frontend.configure(listener, tuple(self._backends[e.id] for e in listener.endpoints))
            frontend.access_log = self._access_logs.of(listener)
            frontend.demand = self._demand
        if address not in self._acceptors:
            # A duplicate, so that closing one's use of the socket leaves one to hand back.
            self._acceptors[address] = Acceptor(self._sockets[address].dup(), port.entrance)
        self._acceptors[address].follow(port.entrance)

    def _close_listener(self, address: Address) -> None:
        self._sockets.pop(address).close()
        if address in self._acceptors:
            self._acceptors.pop(address).close()
            self._closing.update(self._ports.pop(address).close())

    def _suspected(self, backend: Backend, why: str) -> None:
        for frontend in self.frontends.values():
            if backend in frontend.backends:
                frontend.suspects.add(backend)
        self._notify({"type": "suspect", "endpoint": backend.endpoint.id, "why": why})

    def _drained(self, backend: Backend) -> None:
        self._draining.discard(backend)
        if backend.endpoint.id not in self._backends:
            self._notify({"type": "drained", "endpoint": backend.endpoint.id})

    def _sweep(self, now: float) -> bool:
        self._closing = {one for one in self._closing if one.clients}
        watched = self._watched()
        self._gone.sweep(watched)
        for frontend in watched:
            frontend.sweep(now)
        self._access_logs.flush()
        for backend in self._backends.values():
            backend.sweep(now)
        return any(frontend.clients for frontend in watched) or any(
            backend.idle for backend in self._backends.values()
        )

    def _watched(self) -> list[Frontend]:
        """All that may have clients."""
        serving = [one for port in self._ports.values() for one in port.watched]
        return [*serving, *self._closing]

    def stats(self) -> dict[str, Any]:
        """Cumulative counters by service and by endpoint, those that drain included."""
        backends = (*self._draining, *self._backends.values())
        return {
            "services": {name: one.stats() for name, one in self.frontends.items()},
            "endpoints": {backend.endpoint.id: backend.stats() for backend in backends},
        }

    async def drain(self, timeout_s: float) -> None:
        """Accept nothing more and let requests in flight end, for `timeout_s` at most."""
        for address in tuple(self._sockets):
            self._close_listener(address)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while self._busy():  # noqa: ASYNC110 - the end of a worker, no hot path
                    await asyncio.sleep(_POLL_S)
        for client in self._busy():  # The kernel would end them as if all had been sent.
            client.abort()
        self._access_logs.flush()

    def _busy(self) -> "list[ClientConnection | Session]":
        return [one for frontend in self._closing for one in frontend.clients if one.busy]


def _by_address(listeners: Iterable[Listener]) -> dict[Address, list[Listener]]:
    found: dict[Address, list[Listener]] = {}
    for listener in listeners:
        found.setdefault(listener.address, []).append(listener)
    return found
