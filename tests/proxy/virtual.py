"""A loop, a clock and connections in memory, all moved by hand.

The seam of the state machine: what is above (the data plane) is real. Transports behave as
uvloop's: what is written goes out at once, as far as the peer takes it; a write to a connection
that its peer has reset closes the transport; a write after `write_eof` or after
`connection_lost` is an error.
"""

import asyncio
import heapq
import socket
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, Final, cast

HIGH_WATER: Final = 48
"""Bytes not taken by the peer from which on the protocol is told to pause."""
NO_WINDOW: Final = 0
OPEN_WINDOW: Final = 1 << 20


class VirtualLoop:
    """Runs callbacks when told to; time stands still in between."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.ready: deque[asyncio.Handle] = deque()
        self.errors: list[BaseException] = []
        self.pending: list[Connect] = []
        """Connects that are under way."""
        self.readers: dict[int, Callable[[], None]] = {}
        self.wires: list[Wire] = []
        """All connections ever made."""
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._serial = 0
        self._me = cast(asyncio.AbstractEventLoop, self)  # as far as the data plane uses one

    def time(self) -> float:
        return self.now

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self._me, context)
        self.ready.append(handle)
        return handle

    def call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self._me, context)
        self._serial += 1
        heapq.heappush(self._timers, (when, self._serial, timer))
        return timer

    def call_later(
        self, delay: float, callback: Callable[..., object], *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self._me)

    def create_task(self, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
        return asyncio.Task(coro, loop=self._me, **options)

    def get_debug(self) -> bool:
        return False

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Cancelled timers stay in the heap until their time."""

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.errors.append(context.get("exception") or RuntimeError(context["message"]))

    def add_reader(self, fd: Any, callback: Callable[..., Any], *args: Any) -> None:
        self.readers[fd] = lambda: callback(*args)

    def remove_reader(self, fd: Any) -> bool:
        return self.readers.pop(fd, None) is not None

    async def create_connection(
        self, factory: Any, host: Any = None, port: Any = None, **_: Any
    ) -> Any:
        """Waits until a rule lets the connect succeed or fail."""
        connect = Connect(self, host, port)
        self.pending.append(connect)
        try:
            wire = await connect.outcome
        finally:
            self.pending.remove(connect)
        return wire.open(factory())

    async def create_server(self, protocol_factory: Any, *, sock: Any, **_: Any) -> Any:
        return Server(self, cast(ListeningSocket, sock), protocol_factory)

    # --- moved by the test

    def step(self) -> None:
        """Run one callback."""
        handle = self.ready.popleft()
        if not handle.cancelled():
            asyncio._set_running_loop(self._me)
            try:
                handle._run()
            finally:
                asyncio._set_running_loop(None)
        if self.errors:
            raise self.errors[0]

    def settle(self) -> None:
        """Run callbacks until there are none."""
        for _ in range(20_000):
            if not self.ready:
                return
            self.step()
        raise AssertionError("callbacks without end")

    def pass_time(self, seconds: float) -> None:
        """Run what is due meanwhile, each at its time."""
        until = self.now + seconds
        self.settle()
        while self._timers and self._timers[0][0] <= until:
            self.now, _, timer = heapq.heappop(self._timers)
            if not timer.cancelled():
                self.ready.append(timer)
            self.settle()
        self.now = until


class Connect:
    """A connect on its way to `address`."""

    def __init__(self, loop: VirtualLoop, host: str, port: int) -> None:
        self.address = host, port
        self.loop = loop
        self.outcome: asyncio.Future[Wire] = loop.create_future()

    def accept(self) -> "Wire":
        """It succeeds."""
        wire = Wire(self.loop, ("10.0.0.1", 1))
        self.outcome.set_result(wire)
        return wire

    def refuse(self) -> None:
        """It fails."""
        self.outcome.set_exception(ConnectionRefusedError(111, "refused"))


class Wire:
    """The peer's end of a connection: what it got, and what it does."""

    def __init__(self, loop: VirtualLoop, address: tuple[str, int]) -> None:
        self.loop = loop
        self.address = address
        self.received = bytearray()
        self.ended = False  # the proxy sends no more
        self.cut = False  # the proxy's end is gone, by a reset
        self.window = OPEN_WINDOW
        self.closed = False  # the peer sends no more
        self.gone = False  # the peer is gone: what is written to it draws a reset
        self.reset_by_peer = False
        self.transport: Transport | None = None
        self._early: deque[Callable[[], None]] = deque()
        loop.wires.append(self)

    def open(self, protocol: asyncio.Protocol) -> tuple["Transport", asyncio.Protocol]:
        """The proxy's end comes to be."""
        self.transport = Transport(self, protocol)
        protocol.connection_made(self.transport)
        for arrival in self._early:
            arrival()
        return self.transport, protocol

    def _arrive(self, name: str, *args: Any) -> None:
        def arrival() -> None:
            assert self.transport is not None
            self.transport.inbox.append((name, args))
            self.loop.call_soon(self.transport.read)

        if self.transport is None:
            self._early.append(arrival)
        else:
            arrival()

    def send(self, data: bytes) -> None:
        """Bytes for the proxy."""
        if data and not self.closed:
            self._arrive("data", data)

    def half_close(self) -> None:
        """Send no more."""
        if not self.closed:
            self.closed = True
            self._arrive("eof")

    def close(self) -> None:
        """Go, in order: what the proxy writes from now on is lost."""
        self.half_close()
        self.gone = True

    def reset(self) -> None:
        """Go with a bang."""
        if not self.reset_by_peer:
            self.closed = self.gone = self.reset_by_peer = True
            self._arrive("reset")

    def take(self, window: int) -> None:
        """From now on take so many bytes."""
        self.window = window
        if self.transport is not None:
            self.loop.call_soon(self.transport.flush)


class Transport(asyncio.Transport):
    """The proxy's end."""

    def __init__(self, wire: Wire, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self.wire = wire
        self.protocol = protocol
        self.inbox: deque[tuple[str, tuple[Any, ...]]] = deque()
        self.buffer = bytearray()
        self.paused = False
        self.closing = False
        self.lost = False  # `connection_lost` is due or done
        self.dead = False  # `connection_lost` is done
        self.eof_written = False
        self.resets = False
        self._protocol_paused = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": self.wire.address, "socket": self}.get(name, default)

    def setsockopt(self, level: int, option: int, _value: bytes) -> None:
        """As a socket: from now on `abort` is a reset, without it an end like any other."""
        self.resets = (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER)

    # --- reading

    def read(self) -> None:
        """Hand on the next thing that arrived, if the protocol reads."""
        if self.paused or self.closing or not self.inbox:
            return
        name, args = self.inbox.popleft()
        if name == "data":
            self.protocol.data_received(*args)
        elif name == "reset":
            self._end(ConnectionResetError(104, "reset by peer"))
        elif self.protocol.eof_received():
            self.paused = True
        else:
            self.close()

    def is_reading(self) -> bool:
        return not self.paused and not self.closing

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        if self.paused:
            self.paused = False
            for _ in self.inbox:
                self.wire.loop.call_soon(self.read)

    # --- writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writelines([data])

    def writelines(self, list_of_data: Any) -> None:
        if self.dead:
            raise RuntimeError("write to a transport that is closed")
        if self.eof_written:
            raise RuntimeError("write after write_eof")
        if self.lost:
            return
        for data in list_of_data:
            self.buffer += data
        self.flush()

    def flush(self) -> None:
        """Write as much as the peer takes."""
        if self.lost:
            return
        if self.buffer and self.wire.reset_by_peer:
            self._end(ConnectionResetError(104, "reset by peer"))
            return
        size = min(self.wire.window, len(self.buffer))
        self.wire.received += self.buffer[:size]
        self.wire.window -= size
        del self.buffer[:size]
        self._tell_protocol()
        if not self.buffer and self.closing:
            self._end(None)
        elif not self.buffer and self.eof_written:
            self.wire.ended = True

    def _tell_protocol(self) -> None:
        if len(self.buffer) > HIGH_WATER and not self._protocol_paused:
            self._protocol_paused = True
            self.protocol.pause_writing()
        elif len(self.buffer) <= HIGH_WATER // 4 and self._protocol_paused:
            self._protocol_paused = False
            self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return len(self.buffer)

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        if self.dead:
            raise RuntimeError("write_eof on a transport that is closed")
        self.eof_written = True
        self.flush()

    # --- the end

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            if not self.buffer:
                self._end(None)

    def abort(self) -> None:
        self.wire.cut = self.resets and not self.lost and not self.wire.ended
        self._end(None)

    def _end(self, error: Exception | None) -> None:
        if not self.lost:
            self.closing = self.lost = True
            self.buffer.clear()
            self.wire.ended = True
            self.wire.loop.call_soon(self._connection_lost, error)

    def _connection_lost(self, error: Exception | None) -> None:
        self.protocol.connection_lost(error)
        self.dead = True


class Server:
    """Opens the connections that wait at a listening socket."""

    def __init__(self, loop: VirtualLoop, sock: "ListeningSocket", factory: Any) -> None:
        self._loop = loop
        self._sock = sock
        self._factory = factory
        loop.add_reader(sock.fileno(), self._accept)

    def _accept(self) -> None:
        while self._sock.backlog:
            self._sock.backlog.popleft().open(self._factory())

    def close(self) -> None:
        """Open no more."""
        self._loop.remove_reader(self._sock.fileno())


class ListeningSocket:
    """Connections that wait to be accepted; `dup` shares them."""

    _descriptors = 100

    def __init__(self, loop: VirtualLoop, backlog: deque[Wire] | None = None) -> None:
        ListeningSocket._descriptors += 1
        self._fd = ListeningSocket._descriptors
        self._loop = loop
        self.backlog: deque[Wire] = deque() if backlog is None else backlog

    def dup(self) -> "ListeningSocket":
        return ListeningSocket(self._loop, self.backlog)

    def fileno(self) -> int:
        return self._fd

    def setblocking(self, flag: bool) -> None:
        """Never blocks."""

    def close(self) -> None:
        """Nothing to free."""

    def connect(self, address: tuple[str, int]) -> Wire:
        """A client comes."""
        wire = Wire(self._loop, address)
        self.backlog.append(wire)
        for reader in tuple(self._loop.readers.values()):
            self._loop.call_soon(reader)
        return wire

    def as_socket(self) -> socket.socket:
        """For those who ask for a socket."""
        return cast(socket.socket, self)
