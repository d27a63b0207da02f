"""Byte streams as others read them: h11, and llhttp by way of httptools."""

from dataclasses import dataclass, field

import h11
import httptools

_NO_MORE = (type(h11.NEED_DATA), type(h11.PAUSED), type(h11.ConnectionClosed()))


@dataclass
class Reading:
    """What a reader makes of a stream."""

    messages: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Of each complete message: request line without the version, or status, and body."""
    refused: bool = False
    """Whether it found a fault in what followed."""


def requests_by_h11(stream: bytes) -> Reading:
    """Requests as a strict reader in Python sees them."""
    reading = Reading()
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    reader.receive_data(stream)
    line = body = b""
    try:
        while not isinstance(event := reader.next_event(), _NO_MORE):
            if isinstance(event, h11.Request):
                line, body = event.method + b" " + event.target, b""
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                reading.messages.append((line, body))
                _answer(reader)
    except h11.RemoteProtocolError:
        reading.refused = True
    return reading


def _answer(reader: h11.Connection) -> None:
    reader.send(h11.Response(status_code=204, headers=[]))
    reader.send(h11.EndOfMessage())
    if reader.our_state is h11.DONE and reader.their_state is h11.DONE:
        reader.start_next_cycle()


def response_by_h11(stream: bytes, method: bytes) -> Reading:
    """The final response to one request, and whether it is whole when the stream ends there."""
    reading = Reading()
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(stream)
    reader.receive_data(b"")
    status = body = b""
    try:
        while not isinstance(event := reader.next_event(), _NO_MORE):
            if isinstance(event, h11.Response):
                status = b"%d" % event.status_code
            elif isinstance(event, h11.Data):
                body += event.data
            elif isinstance(event, h11.EndOfMessage):
                reading.messages.append((status, body))
                break
    except h11.RemoteProtocolError:
        reading.refused = True
    return reading


class _Collector:
    """Callbacks of httptools."""

    def __init__(self) -> None:
        self.messages: list[tuple[bytes, bytes]] = []
        self.parser = httptools.HttpRequestParser(self)
        self.target = self.body = b""

    def on_message_begin(self) -> None:
        """A request begins."""
        self.target = self.body = b""

    def on_url(self, url: bytes) -> None:
        """A part of the target."""
        self.target += url

    def on_body(self, data: bytes) -> None:
        """A part of the body."""
        self.body += data

    def on_message_complete(self) -> None:
        """A request ends."""
        line = self.parser.get_method() + b" " + self.target
        self.messages.append((line, self.body))


def requests_by_llhttp(stream: bytes) -> Reading:
    """Requests as the parser of Node.js sees them."""
    collector = _Collector()
    refused = False
    try:
        collector.parser.feed_data(stream)
    except httptools.HttpParserUpgrade:
        pass
    except httptools.HttpParserError:
        refused = True
    return Reading(collector.messages, refused)
