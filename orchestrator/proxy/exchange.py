"""One request's way to an answer: picks a replica, sends, tries another where that is safe, relays.

What is safe (nginx, HAProxy and Envoy agree): a failed connect always, since nothing was sent; a
request whose bytes were sent once more, if it is idempotent, all of it is still at hand and no
byte of a response has reached the client.
"""

from collections.abc import Collection
from time import perf_counter
from typing import TYPE_CHECKING, Final

from orchestrator.model.shortage import OUT_OF_PORTS, OUT_OF_SOCKETS
from orchestrator.proxy.admission import refusal
from orchestrator.proxy.body import Piece, UntilCloseBody
from orchestrator.proxy.ejection import report_connect_failure, report_failure
from orchestrator.proxy.numbers import ended
from orchestrator.proxy.replies import (
    exhausted,
    no_replica,
    none_connects,
    replica_died,
)
from orchestrator.proxy.request_head import RequestHead
from orchestrator.proxy.request_ids import SPANS
from orchestrator.proxy.syntax import HttpError
from orchestrator.proxy.target import stripped

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.client import ClientConnection
    from orchestrator.proxy.upstream import UpstreamConnection
    from orchestrator.proxy.waiting import WaitingLine

# How much of a request body is kept for another try, and how much may wait for a connection.
REPLAY_BYTES: Final = 64 * 1024


class Exchange:
    """From a request head to the end of its response."""

    __slots__ = (
        "active", "backend", "bytes_in", "bytes_out", "client", "connect_s", "connecting",
        "cookie_line", "detour", "ends_at", "failure", "fresh", "head_bytes", "kept", "left_by",
        "pieces", "queued_s", "reply_started", "request", "resent", "retries", "reusable",
        "sent_at", "span", "started", "status", "tried", "upstream",
    )  # fmt: skip

    backend: "Backend"

    def __init__(self, client: "ClientConnection", request: RequestHead) -> None:
        self.client = client
        self.request = request
        self.span = SPANS.next()
        self.active = False  # a backend counts it as in flight
        self.upstream: UpstreamConnection | None = None
        self.connecting = False
        self.fresh = False  # not to go on a used connection
        self.ends_at = 0.0  # by then all must be done; 0: no such time
        # The body so far; None once it is too much to keep.
        self.pieces: tuple[Piece, ...] | None = ()
        self.kept = 0
        self.tried: tuple[Backend, ...] = ()
        self.left_by: Backend | None = None  # it closed a used connection: better try another
        self.failure: HttpError | None = None  # of the last replica tried
        self.resent = False
        self.reply_started = False
        self.reusable = False
        self.cookie_line = b""  # for the answer: keeps the client on its replica
        # What `numbers.ended` counts and logs; times in seconds of `perf_counter`.
        self.started = self.sent_at = perf_counter()
        self.connect_s = self.queued_s = 0.0
        self.detour = False  # anything but straight to a connection that is there, and an answer
        self.bytes_in = request.end
        self.bytes_out = self.head_bytes = self.status = self.retries = 0

    def start(self) -> None:
        """Begin, unless the service takes on no more."""
        frontend = self.client.frontend
        if frontend.request_timeout_s:
            self.ends_at = frontend.clock.now + frontend.request_timeout_s
        # A client has one request at a time: with few enough clients no limit is reached.
        if frontend.rates is not None or len(frontend.clients) > frontend.max_requests:
            refused = refusal(frontend, self.client)
            if refused is not None:
                self.client.fail(refused)
                return
        if frontend.redirects is not None and (other := frontend.redirects.of(self.request)):
            self.client.fail(other)
            return
        if frontend.prefix:
            self.request = stripped(self.request, frontend.prefix)
        self.dispatch()

    def dispatch(self) -> None:
        """Send to the replica whose turn it is, or wait for one that has room."""
        frontend = self.client.frontend
        if frontend.may_queue or self.resent:
            self._dispatch_bounded(frontend.line)
        else:
            self.assign(self.pick() if self.retries else frontend.pick((), self))

    def _dispatch_bounded(self, line: "WaitingLine") -> None:
        if not line.exchanges and (backend := line.pick(self)) is not None:
            self.assign(backend)
        elif line.may_wait(self):
            line.join(self)
        else:
            self.assign(None)

    def pick(self, full: "Collection[Backend]" = ()) -> "Backend | None":
        """The replica whose turn it is, of those that are not `full`."""
        frontend, tried = self.client.frontend, (*self.tried, *full) if full else self.tried
        if self.left_by is None:
            return frontend.pick(tried, self)
        return frontend.pick((*tried, self.left_by), self) or frontend.pick(tried, self)

    def assign(self, backend: "Backend | None") -> None:
        """Send to `backend`; None: there is nobody to send to."""
        frontend = self.client.frontend
        if backend is None:
            self.client.fail(self.failure or no_replica(frontend.listener.service))
            return
        self.backend = backend
        self.active = True
        backend.begin()
        frontend.in_flight += 1
        if self.resent:
            frontend.retrying += 1
        if backend.idle and not self.fresh:
            self._send(backend.idle.pop())
        else:
            self.expect_within(frontend.listener.connect_timeout_s)
            self.connecting = True
            backend.connect(self)

    def expect_within(self, seconds: float) -> None:
        """Set the time-out."""
        deadline = self.client.frontend.clock.now + seconds
        self.client.deadline = min(deadline, self.ends_at) if self.ends_at else deadline

    def _send(self, upstream: "UpstreamConnection") -> None:
        self.upstream = upstream
        upstream.carry(self)
        self.expect_within(self.client.frontend.response_timeout_s)
        if self.kept > REPLAY_BYTES:
            self.pieces = None
            if not upstream.full:
                self.client.release()

    def touch(self) -> None:
        """Something moved: the time-out starts anew."""
        self.expect_within(self.client.frontend.response_timeout_s)

    def send_body(self, pieces: list[Piece]) -> None:
        """More of the request's body."""
        size = sum(map(len, pieces))
        self.bytes_in += size
        if self.pieces is not None:
            self.pieces = (*self.pieces, *pieces)
            self.kept += size
            if self.kept > REPLAY_BYTES:
                if self.upstream is None:
                    self.client.hold()
                else:
                    self.pieces = None
        if self.upstream is not None:
            self.upstream.transport.writelines(pieces)
            self.touch()

    # --- what the connection to the replica reports

    def connected(self, upstream: "UpstreamConnection") -> None:
        """A new connection is there."""
        self.connecting = False
        self.connect_s = self.backend.connect_s
        self.detour = True
        self._send(upstream)

    def connect_failed(self, error: OSError) -> None:
        """It did not come about: nothing was sent, so any other replica may have the request."""
        backend = self._leave()
        frontend = self.client.frontend
        service = frontend.listener.service
        if error.errno in OUT_OF_SOCKETS:
            self.client.fail(exhausted(service))
            return
        own = error.errno == OUT_OF_PORTS
        self.failure = exhausted(service) if own else none_connects(service)
        report_connect_failure(frontend, backend, error)
        self._retry(backend)

    def reroute(self) -> None:
        """The endpoint was taken away before anything was sent to it."""
        self.backend.give_up(self)
        self._retry(self._leave())

    def lost(self, upstream: "UpstreamConnection", exc: Exception | None) -> None:
        """The connection ended before the response did."""
        if isinstance(upstream.body, UntilCloseBody) and exc is None:
            self.complete(upstream)
            return
        backend = self._leave()
        if self.client.tunnel is not None:
            self.client.end_tunnel()
            return
        backend.resets += 1
        if not upstream.unsent:
            report_failure(self.client.frontend, backend, "connection closed within a request")
        if not upstream.reused and not self.reply_started:
            backend.suspect("connection closed before a response")
        self.failure = replica_died(backend.endpoint.label)
        if self._may_resend(upstream):
            self.fresh = True
            self.resent = self.resent or not upstream.unsent
            self._retry(None if upstream.reused else backend)
        else:
            self.give_up(self.failure)

    def _may_resend(self, upstream: "UpstreamConnection") -> bool:
        if upstream.unsent and self.pieces is not None:
            return True
        return (
            self.request.idempotent
            and self.pieces is not None
            and not self.resent
            and not self.reply_started
        )

    def _retry(self, failed: "Backend | None") -> None:
        if failed is None:
            # Most likely the race of a request against the close of an idle connection; but a
            # replica that is dying does the same, and a second loss would be the client's.
            self.left_by = self.backend
        else:
            self.tried += (failed,)
            failed.retries += 1
        self.client.frontend.retries += 1
        self.retries += 1
        self.sent_at = perf_counter()
        self.detour = True
        self.dispatch()

    def broken(self, error: HttpError) -> None:
        """The replica broke the protocol: its connection is not used again."""
        report_failure(self.client.frontend, self.cut(), error.reason)
        self.give_up(error)

    def give_up(self, error: HttpError) -> None:
        """Try no more. Once part of a response is out, only an aborted connection tells the client
        the truth."""
        if self.reply_started:
            self.client.abort()
        else:
            self.client.fail(error)

    def complete(self, upstream: "UpstreamConnection") -> None:
        """The response is written."""
        client = self.client
        if self.backend.record.failures and self.status < 500:
            self.backend.record.failures = 0
        self.upstream = None
        upstream.finish(self.reusable and client.body is None)
        self._leave()
        ended(self)
        client.finished()

    # --- what the client's connection reports

    @property
    def queued(self) -> bool:
        """Whether it waits for a replica to have room."""
        return self in self.client.frontend.line.exchanges

    def abandon(self) -> None:
        """The client is gone: the replica need not go on."""
        if self.queued:
            self.client.frontend.line.leave(self)
        if self.connecting:
            self.backend.give_up(self)
        if self.client.tunnel is not None:  # The replica gets what is on its way.
            self.client.tunnel.transport.close()
        elif self.active:
            self.cut()

    def cut(self) -> "Backend":
        """End it without an answer from the replica."""
        if self.upstream is not None:
            self.upstream.finish(reusable=False)
        return self._leave()

    def _leave(self) -> "Backend":
        self.upstream = None
        self.active = self.connecting = False
        self.backend.end()
        frontend = self.client.frontend
        frontend.in_flight -= 1
        if self.resent:
            frontend.retrying -= 1
        if frontend.line.exchanges:
            frontend.line.wake()
        return self.backend
