"""A connection to a replica: takes one exchange at a time, reads responses."""

import asyncio
from typing import TYPE_CHECKING, cast

from orchestrator.proxy.backpressure import Holdable
from orchestrator.proxy.body import Body
from orchestrator.proxy.memo import response_of
from orchestrator.proxy.relaying import answered, informed, relay
from orchestrator.proxy.request_ids import named_head
from orchestrator.proxy.response_head import ResponseHead, malformed
from orchestrator.proxy.syntax import HttpError
from orchestrator.proxy.writing import write_together

if TYPE_CHECKING:
    from orchestrator.proxy.backend import Backend
    from orchestrator.proxy.exchange import Exchange


class UpstreamConnection(Holdable):
    """Idle in its backend's pool, or carrying an exchange."""

    __slots__ = ("_buffer", "_head", "_last", "backend", "body", "exchange", "full", "idle_until",
                 "reused", "unsent")  # fmt: skip

    def __init__(self, backend: "Backend") -> None:
        self.backend = backend
        self.exchange: Exchange | None = None
        self.body: Body | None = None  # set while the body of a response streams by
        self.idle_until = 0.0
        self.reused = False
        self.unsent = False  # the connection turned out to be gone before the request left
        self.held = False
        self.full = False  # the replica does not take what we write
        self._buffer = b""
        self._head: ResponseHead | None = None  # waits for the first byte of its body
        self._last: ResponseHead | None = None  # the next often says the same

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected; the exchange follows with `Exchange.connected`."""
        self.transport = cast(asyncio.Transport, transport)

    def carry(self, exchange: "Exchange") -> None:
        """Send the exchange's request as far as it is there."""
        self.exchange = exchange
        edit = exchange.client.frontend.request_edit
        request = exchange.request
        lines = request.headers.lines if edit is None else edit.request(request)
        known = request.headers
        head = named_head(request.first, lines, exchange.span, known.request_id, known.traced)
        if exchange.pieces:
            size = len(head) + exchange.kept
            write_together(self.transport, (head, *exchange.pieces), size)
        else:
            self.transport.write(head)
        # uvloop writes at once; a transport that closes on the first write has sent nothing.
        self.unsent = self.transport.is_closing()

    def data_received(self, data: bytes) -> None:
        """Response bytes."""
        exchange = self.exchange
        if exchange is None:  # Nobody asked: these bytes must never reach the next client.
            self._drop()
        elif exchange.client.tunnel is not None:
            exchange.client.transport.write(data)
            exchange.bytes_out += len(data)
        elif self.body is not None:
            self._relay(exchange, self.body, data)
        elif self._head is not None:
            head, self._head = self._head, None
            data, self._buffer = self._buffer + data, b""
            answered(exchange, self, head, data)
        else:
            self._read_head(exchange, self._buffer + data if self._buffer else data)

    def _read_head(self, exchange: "Exchange", data: bytes) -> None:
        to_head = exchange.request.method == b"HEAD"
        try:
            head = response_of(data, to_head, self._last)
            while head is not None and head.status < 200 and head.status != 101:
                informed(exchange, head)
                data = data[head.end :]
                head = response_of(data, to_head)
            if head is None:
                self._buffer = data
                return
            self._last = head
            # A head whose body is on its way waits for the first bytes of that: one write, not two
            # (7 µs), and the death of a replica in between is not the client's. Not so where no
            # length is told: that may be a stream whose first event is far off.
            if head.length > 0 and len(data) == head.end:
                self._head, self._buffer = head, data
                exchange.touch()
            else:
                self._buffer = b""
                answered(exchange, self, head, data)
        except HttpError as error:
            exchange.broken(malformed(error.reason))

    def _relay(self, exchange: "Exchange", body: Body, data: bytes) -> None:
        try:
            pieces = body.feed(data)
        except HttpError as error:
            exchange.broken(malformed(error.reason))
            return
        relay(exchange, self, pieces, body)

    def finish(self, reusable: bool) -> None:
        """The exchange is over: back to the pool, or closed."""
        self.exchange = self.body = self._head = None
        # Answered, though not all of the request was read: the rest would be in the next one's way.
        if not reusable or self._buffer or self.full:
            self._drop()
            return
        if self.held:
            self.release()
        self.reused = True
        self.backend.release(self)

    def _drop(self) -> None:
        self.exchange = self.body = None
        if self in self.backend.idle:
            self.backend.idle.remove(self)
        self.transport.abort()

    @property
    def heard(self) -> object:
        """Another value once more of a response has come; None while a slow client keeps us from
        reading, so that silence means nothing."""
        if self.held or self.exchange is None:
            return None
        return self.exchange.bytes_out, len(self._buffer)

    def vanish(self) -> None:
        """The replica is gone without a word: as if it had reset the connection."""
        self.transport.abort()
        self.connection_lost(ConnectionResetError("the replica is gone"))

    def pause_writing(self) -> None:
        """The replica is slower than the client: stop reading the client."""
        self.full = True
        if self.exchange is not None:
            self.exchange.client.hold()

    def resume_writing(self) -> None:
        """The replica has caught up."""
        self.full = False
        if self.exchange is not None:
            self.exchange.client.release()

    def eof_received(self) -> None:
        """The replica sends no more: the connection closes, `connection_lost` follows."""
        if self.exchange is None and self in self.backend.idle:
            self.backend.idle.remove(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone, in or out of an exchange."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.lost(self, exc)
        elif self in self.backend.idle:
            self.backend.idle.remove(self)
