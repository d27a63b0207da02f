"""A client's connection: reads requests, one exchange at a time, answers in order."""

import asyncio
import math
from typing import TYPE_CHECKING, Final, cast

from orchestrator.proxy.backpressure import Holdable
from orchestrator.proxy.body import Body
from orchestrator.proxy.body_limit import request_body
from orchestrator.proxy.exchange import Exchange
from orchestrator.proxy.expiry import expire
from orchestrator.proxy.lingering import Linger
from orchestrator.proxy.numbers import ended
from orchestrator.proxy.replies import reply
from orchestrator.proxy.request_fields import KnownHeaders
from orchestrator.proxy.request_head import RequestHead, forwarded_lines, parse_request
from orchestrator.proxy.resetting import reset
from orchestrator.proxy.syntax import END_OF_HEAD, MAX_HEAD_BYTES, HttpError
from orchestrator.proxy.turning_away import turn_away

if TYPE_CHECKING:
    from orchestrator.proxy.frontend import Frontend
    from orchestrator.proxy.upstream import UpstreamConnection

HEAD_TIMEOUT_S: Final = 30.0  # from the first byte of a request head to its last
READ_AHEAD_BYTES: Final = 64 * 1024
# Stands for a request that could not be read.
_NO_HEADERS: Final = KnownHeaders(b"", b"", keep_alive=False)
UNREAD: Final = RequestHead(b"", 0, b"-", b"- - HTTP/1.1", b"", _NO_HEADERS, False)


class ClientConnection(Holdable):
    """`deadline`: when `expire` is due, in the clock's seconds."""

    __slots__ = ("_buffer", "_forwarded", "_last", "_linger", "_slow", "body", "deadline",
                 "exchange", "frontend", "keep_alive", "peer", "scheme", "tunnel")  # fmt: skip

    def __init__(self, frontend: "Frontend", scheme: str = "http") -> None:
        self.frontend = frontend
        self.scheme = scheme
        self.exchange: Exchange | None = None
        self.body: Body | None = None  # set while a request's body has not arrived in full
        self.tunnel: UpstreamConnection | None = None  # where bytes go as they come
        self.keep_alive = True
        self.deadline = 0.0
        self._forwarded = b""
        self._last: RequestHead | None = None  # the next often says the same
        self._buffer = b""
        self.held = False  # not reading: what was read waits for the replica or its turn
        self._slow = False  # the client does not keep up with what we write
        self._linger: Linger | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A new client."""
        self.transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername") or ("unknown",)
        self.peer: str = peer[0]
        self._forwarded = forwarded_lines(self.peer, self.scheme)
        if self.frontend.port is not None and not self.frontend.closing:
            self.frontend = self.frontend.port.entrance
        self.frontend.clients.add(self)
        if self.frontend.closing:  # The listener went while this was being accepted.
            self.transport.close()
        self.frontend.clock.wake()
        self.deadline = self.frontend.clock.now + self.frontend.idle_timeout_s
        if self.frontend.crowded:
            turn_away(self)

    def data_received(self, data: bytes) -> None:
        """Bytes of requests, or of a tunnel."""
        exchange = self.exchange
        if exchange is None:
            if self._buffer:
                self._read_on(data)
            elif self._linger is None:
                self._serve(data)
        elif self.tunnel is not None:
            self.tunnel.transport.write(data)
            exchange.bytes_in += len(data)
        elif self.body is not None:
            self._feed(exchange, self.body, data)
        else:
            self._keep(self._buffer + data)

    def _read_on(self, data: bytes) -> None:
        """More of a head that has begun to arrive."""
        self._buffer += data
        # Only a line feed can complete a head or a fault in it. Looking again at each byte of a
        # head that trickles in would take 1 s of CPU for 32 KiB.
        if b"\n" in data or len(self._buffer) >= MAX_HEAD_BYTES:
            self._serve(self._buffer)

    def _serve(self, data: bytes) -> None:
        """Begin the requests in `data`, up to one that has to wait for its answer."""
        try:
            while data and self.exchange is None and not self._slow and self._linger is None:
                head = self._head_of(data)
                if head is None:
                    self._await_head(data)
                    return
                if head.received:
                    self._last = head
                self._buffer = data[head.end :]
                self._begin(Exchange(self, head))
                data = self._buffer
            if data:
                self._keep(data)
        except HttpError as error:
            self._buffer = b""
            self.keep_alive = False
            self.fail(error)

    def _head_of(self, data: bytes) -> RequestHead | None:
        if self._last is not None:
            return parse_request(data, self._forwarded, self.frontend.authority, self._last)
        # Clients of one address often begin alike, and one that connects for each request repeats
        # its head: 3.5 µs less. Those that say the same share one head, which stays in the
        # processor's cache: a line of the access log costs 1 % less of the CPU.
        frontend = self.frontend
        forwarded, last = frontend.last_head
        if forwarded != self._forwarded:
            last = None
        head = parse_request(data, self._forwarded, frontend.authority, last)
        if head is not None and head is not last and head.received:
            frontend.last_head = self._forwarded, head
        return head

    def _await_head(self, data: bytes) -> None:
        if not self._buffer:
            self.deadline = self.frontend.clock.now + HEAD_TIMEOUT_S
        self._buffer = data

    def _begin(self, exchange: Exchange) -> None:
        head = exchange.request
        self.exchange = exchange
        self.keep_alive = head.headers.keep_alive
        port = self.frontend.port
        refused = None if port is None else port.admit(self, head)
        length = head.headers.length
        if length:
            self.body = request_body(length, self.frontend.listener.limits.max_body_bytes)
            data, self._buffer = self._buffer, b""
            if data:
                self._feed(exchange, self.body, data)
        if self._serves(exchange):
            exchange.start() if refused is None else self.fail(refused)

    def _serves(self, exchange: Exchange) -> bool:
        return self.exchange is exchange

    def move(self, frontend: "Frontend") -> None:
        """Be a client of this frontend from now on."""
        self.frontend.clients.discard(self)
        self.frontend = frontend
        frontend.clients.add(self)

    def _feed(self, exchange: Exchange, body: Body, data: bytes) -> None:
        try:
            pieces = body.feed(data)
        except HttpError as error:
            exchange.abandon()
            self.keep_alive = False
            self.abort() if exchange.reply_started else self.fail(error)
            return
        if body.done:
            self.body = None
            self._buffer = body.surplus
        exchange.send_body(pieces)

    def _keep(self, data: bytes) -> None:
        self._buffer = data
        if len(data) > READ_AHEAD_BYTES:
            self.hold()

    # --- how an exchange ends

    def finished(self) -> None:
        """The response is written."""
        exchange, self.exchange = self.exchange, None
        frontend = self.frontend
        if not self.keep_alive or self.body is not None or frontend.closing:
            if exchange is not None and self._takes_leave(exchange):
                self.transport.close()
            else:
                self._close()
            return
        self.deadline = frontend.clock.now + frontend.idle_timeout_s
        if self.held:
            self.release()
        if self._buffer:
            # Not from here: pipelined requests answered at once would nest ever deeper.
            asyncio.get_running_loop().call_soon(self._continue)

    def _takes_leave(self, exchange: Exchange) -> bool:
        """Whether the client announced its last request, all of it came and all of the answer
        went: closing at once is safe then. 9 µs less than waiting for the client's end."""
        announced = exchange.reply_started and not exchange.request.headers.keep_alive
        idle = self.body is None and not self._buffer
        return announced and idle and not self.transport.get_write_buffer_size()

    def _continue(self) -> None:
        if self.exchange is None and self._linger is None and not self.transport.is_closing():
            data, self._buffer = self._buffer, b""
            self._serve(data)

    def fail(self, error: HttpError) -> None:
        """Answer in the proxy's own name."""
        exchange = self.exchange or _unread(self)
        request = exchange.request
        if self.body is not None or self.frontend.closing or request.http10:
            self.keep_alive = False
        answer = reply(error, self.keep_alive, request.method == b"HEAD")
        self.transport.write(answer)
        self.frontend.count_response(error.status)
        self.frontend.own_responses[error.status // 100] += 1
        exchange.status, exchange.bytes_out = error.status, len(answer)
        exchange.head_bytes = answer.index(END_OF_HEAD) + len(END_OF_HEAD)
        ended(exchange)
        self.finished()

    def abort(self) -> None:
        """Cut the connection, so that the client sees the response as incomplete."""
        self._end_exchange()
        reset(self.transport)

    def start_tunnel(self, upstream: "UpstreamConnection") -> None:
        """From here on bytes pass as they come."""
        self.deadline = math.inf
        self.tunnel = upstream
        self.release()
        if self._buffer:
            upstream.transport.write(self._buffer)
            self._buffer = b""

    def end_tunnel(self) -> None:
        """The replica closed its end: the client gets what is written, then the end."""
        self._end_exchange()
        self.transport.close()

    def _end_exchange(self) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            ended(exchange)

    def _close(self) -> None:
        """End the connection so that the client can still read what was written."""
        self._buffer = b""
        self.body = None
        self._linger = Linger(self)  # Before anything else: what comes from here on is dropped.
        self._linger.begin()

    def move_if_idle(self, frontend: "Frontend") -> None:
        """Move, unless a request is under way."""
        if self.exchange is None and self._linger is None:
            self.move(frontend)

    def close_if_idle(self) -> None:
        """End the connection unless a request is under way."""
        if self.exchange is None and self._linger is None:
            self.transport.close()

    @property
    def busy(self) -> bool:
        """Whether a response is still to come or on its way out."""
        return self.exchange is not None or self.transport.get_write_buffer_size() > 0

    @property
    def stalls(self) -> bool:
        """Whether an exchange waits for the client: to send on, or to take what is written."""
        return self._slow or (self.body is not None and not self.held)

    def expire(self) -> None:
        """The deadline has passed."""
        if self.exchange is not None:
            expire(self.exchange)
        elif self._linger is not None:
            self._linger.expire()
        elif self._buffer and not self._slow:  # Else it may hold a whole request.
            self.keep_alive = False
            self.fail(HttpError(408, "request head incomplete", "http_request_error"))
        else:
            self._close()

    # --- flow control and the end

    def pause_writing(self) -> None:
        """The client is slower than the replica: stop reading the replica."""
        self._slow = True
        if self.exchange is not None and self.exchange.upstream is not None:
            self.exchange.upstream.hold()

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._slow = False
        if self.exchange is None:
            self._continue()
        elif self.exchange.upstream is not None:
            self.exchange.upstream.release()

    def eof_received(self) -> None:
        """The client sends no more: taken as gone, as nginx does. Should it still read, then what
        it has of an answer must not look whole."""
        answering = self.exchange is not None and self.exchange.reply_started
        self._give_up()
        if answering and self.tunnel is None:
            reset(self.transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The client is gone; what runs for it is given up."""
        self.frontend.clients.discard(self)
        self.frontend.turned_away.discard(self)
        self._give_up()

    def _give_up(self) -> None:
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.abandon()
            ended(exchange)


def _unread(client: ClientConnection) -> Exchange:
    """For an answer to what could not be read; nobody was told a name of it."""
    exchange = Exchange(client, UNREAD)
    exchange.span = b""
    return exchange
