"""The control channel between a controller and a worker, the same at both ends.

One JSON object a line over a Unix stream socket; a listening socket travels beside its line as
ancillary data (SCM_RIGHTS). `PROTOCOL` is the version of the messages.

controller → worker                      worker → controller
  listen    host, port + the socket        hello     protocol, pid, started_at, version, endpoints,
                                                     asleep
  snapshot  snapshot                       listener  host, port + the socket (one per listener)
  stats                                    ready     (end of the greeting)
  shutdown  timeout_s                      ack       version
                                           refused   version, why
                                           drained   endpoint
                                           suspect   endpoint, why
                                           demand    service, waiting
                                           stats     services, endpoints
"""

import array
import asyncio
import json
import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Final

PROTOCOL: Final = 3

_READ_BYTES: Final = 256 * 1024
_MAX_FDS: Final = 16
_MAX_LINE_BYTES: Final = 64 * 1024 * 1024
_CLOEXEC: Final = getattr(socket, "MSG_CMSG_CLOEXEC", 0)

Message = dict[str, Any]


class Channel:
    """Sends and receives messages until either end closes; never blocks.

    `on_message(message, fds)` owns the descriptors it gets. `on_close()` is called once, after the
    other end closed, broke the protocol or stopped reading; not after `close()`.
    """

    def __init__(
        self,
        sock: socket.socket,
        on_message: Callable[[Message, list[int]], None],
        on_close: Callable[[], None],
    ) -> None:
        sock.setblocking(False)
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._on_message = on_message
        self._on_close = on_close
        self._received = b""
        self._fds: list[int] = []
        self._unsent: deque[tuple[bytes, int | None]] = deque()
        self.closed = False
        self._loop.add_reader(sock.fileno(), self._readable)

    def send(self, message: Message, fd: int | None = None) -> None:
        """Queue a message, with a descriptor that this end keeps too. No-op once closed."""
        if self.closed:
            return
        line = json.dumps({**message, "fds": 0 if fd is None else 1}).encode() + b"\n"
        # Duplicated: the caller may close its own before the line leaves.
        self._unsent.append((line, None if fd is None else os.dup(fd)))
        if len(self._unsent) == 1:
            self._writable()

    def close(self) -> None:
        """End it without a call of `on_close`."""
        if self.closed:
            return
        self.closed = True
        self._loop.remove_reader(self._sock.fileno())
        self._loop.remove_writer(self._sock.fileno())
        self._sock.close()
        for _, fd in self._unsent:
            if fd is not None:
                os.close(fd)
        for fd in self._fds:
            os.close(fd)
        self._unsent.clear()
        self._fds.clear()

    def _lose(self) -> None:
        if not self.closed:
            self.close()
            self._on_close()

    def _writable(self) -> None:
        while self._unsent:
            line, fd = self._unsent[0]
            try:
                sent = self._transmit(line, fd)
            except BlockingIOError:
                self._loop.add_writer(self._sock.fileno(), self._writable)
                return
            except OSError:
                self._lose()
                return
            self._unsent[0] = (line[sent:], None)
            if fd is not None:
                os.close(fd)
            if sent == len(line):
                self._unsent.popleft()
        self._loop.remove_writer(self._sock.fileno())

    def _transmit(self, line: bytes, fd: int | None) -> int:
        if fd is None:
            return self._sock.send(line)
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))
        return self._sock.sendmsg([line], [rights])

    def _readable(self) -> None:
        try:
            data, fds, _, _ = socket.recv_fds(self._sock, _READ_BYTES, _MAX_FDS, _CLOEXEC)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, fds = b"", []
        for fd in fds:
            os.set_inheritable(fd, False)
        self._fds += fds
        if not data:
            self._lose()
            return
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            if not self.closed:
                self._dispatch(line)
        if len(self._received) > _MAX_LINE_BYTES:
            self._lose()

    def _dispatch(self, line: bytes) -> None:
        try:
            message = json.loads(line)
            count = message.pop("fds", 0)
        except (ValueError, AttributeError, TypeError):
            self._lose()
            return
        fds, self._fds = self._fds[:count], self._fds[count:]
        self._on_message(message, fds)


def received_socket(fds: list[int]) -> socket.socket:
    """The one listening socket that came with a message. Raises `ValueError` if there is none."""
    if len(fds) != 1:
        for fd in fds:
            os.close(fd)
        raise ValueError("expected one descriptor")
    sock = socket.socket(fileno=fds[0])
    # O_NONBLOCK belongs to all who share the socket. Python's own idea of a new socket object is
    # "blocking", and `dup` would make that true for everyone: another worker would hang in accept.
    sock.setblocking(False)
    return sock
