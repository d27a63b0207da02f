"""`protocol: tcp`: a client's connection and one to a replica, joined; bytes pass as they come.

The end of one direction (FIN) ends that direction at the other side too, and the other goes on. A
reset (RST) is passed on as a reset, so that nobody takes what is cut for complete. A client for
whom there is no replica or no room is reset too: an end would look like the service's good-bye.

To fail is not to accept, or to reset before the first byte: what a replica says later is not known
to be good or bad.
"""

import errno
from typing import TYPE_CHECKING

from orchestrator.model.shortage import OUT_OF_SOCKETS
from orchestrator.proxy.admission import admits
from orchestrator.proxy.ejection import report_connect_failure, report_failure
from orchestrator.proxy.half import ClientHalf, Half
from orchestrator.proxy.proxy_protocol import proxy_header

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.frontend import Frontend


def client_of(frontend: "Frontend") -> ClientHalf:
    """The protocol for a connection that a client of the frontend has opened."""
    return Session(frontend).client


class Session:
    """A client's connection and its way to a replica. Counts as one request in flight.

    `deadline`: when `expire` is due, in the clock's seconds.
    """

    __slots__ = ("backend", "client", "connecting", "deadline", "frontend", "tried", "upstream")

    backend: "Backend"

    def __init__(self, frontend: "Frontend") -> None:
        self.frontend = frontend
        self.client = ClientHalf(self)
        self.upstream: Half | None = None
        self.connecting = False
        self.tried: tuple[Backend, ...] = ()
        self.deadline = 0.0

    def begin(self) -> None:
        """The client is there."""
        frontend = self.frontend
        frontend.clients.add(self)
        frontend.clock.wake()
        # Closing: the listener went while this was being accepted.
        if frontend.closing or not admits(frontend, self.client.peer):
            self.client.reset()
        else:
            self._dial()

    def _dial(self) -> None:
        """Connect to the replica whose turn it is; without one the client is reset."""
        frontend = self.frontend
        tried: tuple[Backend, ...] = self.tried
        if frontend.concurrency:
            tried += tuple(b for b in frontend.backends if b.in_flight >= frontend.concurrency)
        backend = frontend.pick(tried, self)
        if backend is None:
            self.client.reset()
            return
        self.backend = backend
        self.connecting = True
        backend.begin()
        self.deadline = frontend.clock.now + frontend.listener.connect_timeout_s
        backend.connect(self, lambda: Half(self))

    def touch(self) -> None:
        """Something moved: the idle time-out starts anew."""
        self.deadline = self.frontend.clock.now + self.frontend.listener.idle_timeout_s

    # --- what the backend reports

    def connected(self, upstream: Half) -> None:
        """A connection to the replica is there; it may have spoken or gone already."""
        self.connecting = False
        self.upstream = upstream
        if upstream.gone:
            self.lost(upstream, upstream.error)
            return
        self.touch()
        self._introduce(upstream)
        self.client.join(upstream)
        upstream.join(self.client)
        if self.client.ended and upstream.ended:
            self.complete()

    def _introduce(self, upstream: Half) -> None:
        version = self.frontend.listener.proxy_protocol
        if version != "off":
            info = self.client.transport.get_extra_info
            upstream.transport.write(proxy_header(version, info("peername"), info("sockname")))

    def connect_failed(self, error: OSError) -> None:
        """It did not come about: another replica may."""
        backend = self._leave()
        if error.errno in OUT_OF_SOCKETS:
            self.client.reset()
            return
        report_connect_failure(self.frontend, backend, error)
        self._retry(backend)

    def spoke(self, half: Half) -> None:
        """Its first bytes: a replica that has something to say does not fail."""
        if half is not self.client:
            self.backend.record.failures = 0

    def reroute(self) -> None:
        """The endpoint was taken away before it was connected to."""
        self.backend.give_up(self)
        self._retry(self._leave())

    def _retry(self, failed: "Backend") -> None:
        self.tried += (failed,)
        failed.retries += 1
        self.frontend.retries += 1
        self._dial()

    def _leave(self) -> "Backend":
        self.connecting = False
        self.backend.end()
        return self.backend

    # --- how it ends

    def complete(self) -> None:
        """Both directions are over: what is on its way is sent, then both close."""
        self.backend.record.failures = 0
        for half in self._open():
            half.transport.close()

    def lost(self, half: Half, exc: Exception | None) -> None:
        """A connection is closed; by an error, unless it was closed from here."""
        if half is self.upstream:
            self.backend.resets += exc is not None
            if exc is not None and not half.received:
                report_failure(self.frontend, self.backend, "reset before its first byte")
            self.backend.end()
        elif half is not self.client:  # of an attempt that was given up
            return
        elif self.connecting:
            self.backend.give_up(self)
            self._leave()
        for other in self._open():
            if not other.transport.is_closing():
                other.reset()
        if not self._open():
            self.frontend.clients.discard(self)
            if self.upstream is not None:
                self._count(self.client.received, self.upstream.received)

    def _count(self, bytes_in: int, bytes_out: int) -> None:
        self.frontend.bytes_in += bytes_in
        self.frontend.bytes_out += bytes_out
        self.backend.bytes_in += bytes_in
        self.backend.bytes_out += bytes_out

    def abort(self) -> None:
        """Cut it so that both ends see an error, not an end."""
        for half in self._open():
            half.reset()

    def expire(self) -> None:
        """No connection in time, or no byte."""
        if self.connecting:
            self.backend.give_up(self)
            self.connect_failed(TimeoutError(errno.ETIMEDOUT, "connect timed out"))
            return
        for half in self._open():
            half.cut()

    def _open(self) -> list[Half]:
        return [half for half in (self.client, self.upstream) if half and not half.gone]

    # --- what a frontend asks of its clients

    @property
    def busy(self) -> bool:
        """Whether the end of the proxy waits for it."""
        return True

    def move_if_idle(self, frontend: "Frontend") -> None:
        """A connection stays with its service."""

    def close_if_idle(self) -> None:
        """A connection is never known to be done before its ends say so."""
