"""Clients and replicas of the state machine: what they say, and how they read what they get."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import h11
import httptools

from tests.proxy.virtual import Wire

_FORMS: dict[str, bytes] = {
    "get": b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n",
    "close": b"GET /%d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "head": b"HEAD /%d HTTP/1.1\r\nHost: a\r\n\r\n",
    "old": b"GET /%d HTTP/1.0\r\nHost: a\r\n\r\n",
    "old kept": b"GET /%d HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
    "put": b"PUT /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\n" + b"p" * 40,
    "small post": b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
    "post": b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n" + b"b" * 90,
    "post chunked": b"POST /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n30\r\n" + b"c" * 48 + b"\r\n0\r\n\r\n",
    "upgrade": b"GET /%d HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n",
    "bad": b"GET /%d HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
    "bad chunks": b"POST /%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello!\r\n0\r\n\r\n",
}
KINDS = tuple(_FORMS)
ONCE = ("small post", "post", "post chunked", "bad chunks")
"""Never sent twice."""
BAD = ("bad", "bad chunks")

_ANSWERS: dict[str, bytes] = {
    "length": b"HTTP/1.1 200 OK\r\nX-Id: %(id)d\r\nContent-Length: %(size)d\r\n\r\n%(body)s",
    "chunked": b"HTTP/1.1 200 OK\r\nX-Id: %(id)d\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"%(hex)x\r\n%(body)s\r\n0\r\n\r\n",
    "until close": b"HTTP/1.1 200 OK\r\nX-Id: %(id)d\r\n\r\n%(body)s",
    "last": b"HTTP/1.1 200 OK\r\nX-Id: %(id)d\r\nConnection: close\r\n"
    b"Content-Length: %(size)d\r\n\r\n%(body)s",
    "interim": b"HTTP/1.1 103 Early Hints\r\nX-Id: %(id)d\r\nLink: <%(link)s>\r\n\r\n"
    b"HTTP/1.1 200 OK\r\nX-Id: %(id)d\r\nContent-Length: %(size)d\r\n\r\n%(body)s",
    "empty": b"HTTP/1.1 204 No Content\r\nX-Id: %(id)d\r\n\r\n",
    "error": b"HTTP/1.1 500 Oh\r\nX-Id: %(id)d\r\nContent-Length: %(size)d\r\n\r\n%(body)s",
    "broken": b"HTTP/1.1 200 OK\r\nX-Id: %(id)d\r\nContent-Length: 1, 2\r\n\r\n",
    "broken chunks": b"HTTP/1.1 200 OK\r\nX-Id: %(id)d\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello!",
    "switch": b"HTTP/1.1 101 Switching Protocols\r\nX-Id: %(id)d\r\nConnection: upgrade\r\n"
    b"Upgrade: echo\r\n\r\n%(body)s",
}
ANSWERS = tuple(_ANSWERS)
_IN_ORDER = ("length", "chunked", "interim", "empty", "error")
"""Those after which the connection can take another request."""


@dataclass
class Ask:
    """A request of a client."""

    id: int
    kind: str
    begins: int
    """Where, in all that the client says."""

    @property
    def method(self) -> str:
        return _FORMS[self.kind].split()[0].decode()


@dataclass
class Ledger:
    """What all parties said, by the id of the request."""

    ids: Iterator[int] = field(default_factory=itertools.count)
    bodies: dict[int, list[bytes]] = field(default_factory=dict)
    """Bodies of whole answers that replicas gave."""
    kinds: dict[int, str] = field(default_factory=dict)
    answers: dict[int, str] = field(default_factory=dict)
    """The kind of the last answer that a replica began."""


class Client:
    """Asks, sends in pieces, and reads with h11."""

    def __init__(self, wire: Wire, ledger: Ledger) -> None:
        self.wire = wire
        self.ledger = ledger
        self.asks: list[Ask] = []
        self.outbox = bytearray()
        self.said = 0  # bytes that left the outbox

    @property
    def may_ask(self) -> bool:
        """Nothing can follow an upgrade, a fault or the end of the connection."""
        last = self.asks[-1].kind if self.asks else ""
        return last not in ("upgrade", *BAD) and not self.wire.closed and not self.wire.ended

    def ask(self, kind: str) -> None:
        """Have one more request to send."""
        if not self.may_ask:
            return
        ask = Ask(next(self.ledger.ids), kind, self.said + len(self.outbox))
        self.ledger.kinds[ask.id] = kind
        self.asks.append(ask)
        self.outbox += _FORMS[kind] % ask.id

    def send(self, size: int) -> None:
        """Send a piece of it."""
        if not self.wire.closed:
            self.wire.send(bytes(self.outbox[:size]))
            self.said += len(self.outbox[:size])
            del self.outbox[:size]

    def check(self) -> None:
        """Every byte received belongs to the answer that is due."""
        reader = h11.Connection(h11.CLIENT)
        if self.wire.received:  # To h11 no bytes are the end.
            reader.receive_data(bytes(self.wire.received))
        # Who has reset the connection hears no more of it, its end neither.
        if self.wire.ended and not self.wire.cut and not self.wire.reset_by_peer:
            reader.receive_data(b"")
        for ask in self.asks:
            if not self._read(reader, ask):
                return
        assert not reader.trailing_data[0], f"unasked: {reader.trailing_data[0]!r}"

    def _read(self, reader: h11.Connection, ask: Ask) -> bool:
        """Read the answer to `ask`; whether another can follow."""
        headers = [("Host", "a")]
        if ask.kind == "upgrade":
            headers += [("Connection", "upgrade"), ("Upgrade", "echo")]
        reader.send(h11.Request(method=ask.method, target="/", headers=headers))
        reader.send(h11.EndOfMessage())
        own, hinted, body = False, False, b""
        while True:
            try:
                event = reader.next_event()
            except h11.RemoteProtocolError as error:
                # Cut short is allowed: that is how the proxy tells. Malformed is not.
                if not self.wire.ended or "closed" not in str(error).lower():
                    raise
                return False
            if isinstance(event, h11.InformationalResponse | h11.Response):
                assert ask.begins < self.said, f"answered before it was asked: {ask}"
                own = self._belongs(event, ask)
                if own and event.status_code == 408:  # Nobody knew yet whether it is a HEAD.
                    return False
                hinted = hinted or event.status_code == 103
            if isinstance(event, h11.InformationalResponse) and event.status_code == 101:
                self._check_body(ask, reader.trailing_data[0], whole=False)
                return False
            if isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                if not own:
                    self._check_body(ask, body, whole=True)
                    wants = self.ledger.answers[ask.id] == "interim" and "old" not in ask.kind
                    assert hinted or not wants, f"lost the interim answer to {ask}"
                if reader.our_state is not h11.DONE or reader.their_state is not h11.DONE:
                    self._check_end(reader)
                    return False
                reader.start_next_cycle()
                return True
            elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                if not own and body:
                    self._check_body(ask, body, whole=False)
                return False

    def _check_end(self, reader: h11.Connection) -> None:
        """After the last answer of a connection comes nothing."""
        rest, _ = reader.trailing_data
        assert not rest, f"after the end: {rest!r}"

    def _belongs(self, event: h11.InformationalResponse | h11.Response, ask: Ask) -> bool:
        """Check whose answer that is; whether it is the proxy's own."""
        headers = dict(event.headers)
        if headers.get(b"server") == b"orch-proxy":
            return True
        assert headers.get(b"x-id") == b"%d" % ask.id, f"another's answer to {ask}: {event}"
        assert ask.kind != "bad"
        return False

    def _check_body(self, ask: Ask, body: bytes, whole: bool) -> None:
        if ask.method == "HEAD":
            assert not body
            return
        known = self.ledger.bodies.get(ask.id, [])
        fits = (body == one if whole else one.startswith(body) for one in known)
        assert any(fits), f"{ask} got {body!r}, replicas said {known}"


class Replica:
    """One connection at a replica: reads with llhttp, answers in pieces."""

    def __init__(self, wire: Wire, endpoint: str, ledger: Ledger) -> None:
        self.wire = wire
        self.endpoint = endpoint
        self.ledger = ledger
        self.outbox = bytearray()
        self.answered = 0
        self.last = False  # its connection takes no other request
        self.endless = False  # all it says belongs to its last answer
        self.heads: list[tuple[int, str]] = []
        self._target = b""
        self._parser = httptools.HttpRequestParser(self)
        self._read = 0
        self.tunnel = False
        self.unasked = False  # it spoke without a request: nobody may trust the connection

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_headers_complete(self) -> None:
        method = self._parser.get_method().decode()
        self.heads.append((int(self._target.removeprefix(b"/")), method))
        self._target = b""

    def read(self) -> None:
        """Read what has arrived: one request at a time, and only what parsers accept."""
        data = bytes(self.wire.received[self._read :])
        self._read += len(data)
        assert not (data and self.unasked), "a request to who spoke unasked"
        if data and not self.tunnel:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade:
                self.tunnel = True
        assert len(self.heads) <= self.answered + 1, "a request before the answer to the last"

    def answer(self, kind: str, size: int) -> None:
        """Have an answer to send, if there is a request that has none."""
        if len(self.heads) <= self.answered:
            return
        id_, method = self.heads[self.answered]
        self.answered += 1
        self.ledger.answers[id_] = kind
        body = b"%d;" % id_ * size
        self.outbox += _answer(kind, id_, body, method)
        self.last = kind not in _IN_ORDER
        self.endless = kind == "until close" and method != "HEAD"
        whole = b"" if kind == "empty" or method == "HEAD" else body
        kept = b"hello" if kind.startswith("broken") else whole
        self.ledger.bodies.setdefault(id_, []).append(kept)

    @property
    def busy(self) -> bool:
        """Whether it has a request to answer, or more of an answer to send."""
        return bool(self.outbox) or len(self.heads) > self.answered

    def send(self, size: int) -> None:
        """Send a piece of it."""
        if not self.wire.closed:
            self.wire.send(bytes(self.outbox[:size]))
            del self.outbox[:size]
            if not self.outbox and self.last:
                self.wire.close()

    def leave(self, how: str) -> None:
        """`close`, `half_close` or `reset` its connection, whatever it had to send."""
        if self.endless and how != "reset" and not self.wire.closed:
            bodies = self.ledger.bodies[self.heads[self.answered - 1][0]]
            bodies.append(bodies[-1][: max(0, len(bodies[-1]) - len(self.outbox))])
        getattr(self.wire, how)()

    def surplus(self) -> None:
        """Say what nobody asked for, on top of an answer or out of the blue."""
        if len(self.heads) == self.answered and not self.tunnel and not self.endless:
            self.wire.send(
                bytes(self.outbox)
                + b"HTTP/1.1 200 OK\r\nX-Id: 999999\r\nContent-Length: 1\r\n\r\nx"
            )
            self.outbox.clear()
            self.unasked = True


def _answer(kind: str, id_: int, body: bytes, method: str) -> bytes:
    values = {b"id": id_, b"size": len(body), b"hex": len(body), b"body": body, b"link": b"x" * 60}
    answer = _ANSWERS[kind] % values
    return answer[: answer.rindex(b"\r\n\r\n") + 4] if method == "HEAD" else answer
