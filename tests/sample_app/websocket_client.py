"""A WebSocket client on a real socket."""

import socket
from collections import deque

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    BytesMessage,
    CloseConnection,
    Event,
    RejectConnection,
    Request,
    TextMessage,
)


class RefusedError(Exception):
    """The server did not accept the handshake; the argument is its status."""


class WebSocket:
    """One connection, a context manager; raises `RefusedError` if the handshake fails."""

    def __init__(self, port: int, path: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._events: deque[Event] = deque()
        self._send(Request(host="127.0.0.1", target=path))
        answer = self._next_event()
        if isinstance(answer, RejectConnection):
            self._socket.close()
            raise RefusedError(answer.status_code)

    def __enter__(self) -> "WebSocket":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, message: str | bytes) -> None:
        """Sends one message."""
        self._send(TextMessage(message) if isinstance(message, str) else BytesMessage(message))

    def receive(self) -> str | bytes | int:
        """The next whole message, or the code when the other side closes."""
        parts: list[str | bytes] = []
        while True:
            event = self._next_event()
            if isinstance(event, CloseConnection):
                return event.code
            assert isinstance(event, TextMessage | BytesMessage)
            parts.append(event.data if isinstance(event, TextMessage) else bytes(event.data))
            if event.message_finished:
                return joined(parts)

    def _send(self, event: Event) -> None:
        self._socket.sendall(self._protocol.send(event))

    def _next_event(self) -> Event:
        while not self._events:
            self._protocol.receive_data(self._socket.recv(65536) or None)
            self._events.extend(self._protocol.events())
        return self._events.popleft()


def joined(parts: list[str | bytes]) -> str | bytes:
    """The message of its frames, which are all text or all bytes."""
    texts = [part for part in parts if isinstance(part, str)]
    return "".join(texts) if texts else b"".join(p for p in parts if isinstance(p, bytes))
