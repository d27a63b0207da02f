"""Streams of requests and responses, valid and nearly so, and what goes on of them."""

from hypothesis import strategies as st

from orchestrator.proxy.body import Body, body_of
from orchestrator.proxy.request_head import RequestHead, forwarded_lines, parse_request
from orchestrator.proxy.request_ids import PREFIX, SPANS, named_head
from orchestrator.proxy.syntax import HttpError
from tests.proxy.readers import Reading

FORWARDED = forwarded_lines("192.0.2.7")
AUTHORITY = b"127.0.0.1:8080"

_LINES = (
    b"GET / HTTP/1.1", b"POST /a?b HTTP/1.1", b"PUT /c HTTP/1.1", b"HEAD / HTTP/1.1",
    b"OPTIONS * HTTP/1.1", b"GET http://a/ HTTP/1.1", b"POST / HTTP/1.0", b"DELETE /%2e HTTP/1.1",
)  # fmt: skip
_HEADERS = (
    b"Content-Length: 5", b"Content-Length: 0", b"content-length:  05 ", b"Content-Length: 12",
    b"Transfer-Encoding: chunked", b"transfer-encoding: Chunked", b"Transfer-Encoding: identity",
    b"Connection: keep-alive", b"Connection: close", b"Connection: x-a, content-length",
    b"Connection: Transfer-Encoding", b"Connection: upgrade", b"Upgrade: websocket",
    b"Expect: 100-continue", b"X-A: 1", b"X-A:", b"Cookie: a=b; c=d", b"X-B: \xe9\t.",
    b"TE: trailers", b"X-Forwarded-For: 10.0.0.1", b"traceparent: 0", b"X-Request-Id: a",
    b"Trailer: X-A",
)  # fmt: skip
_BODIES = (
    b"", b"hello", b"hello, world", b"5\r\nhello\r\n0\r\n\r\n", b"0\r\n\r\n",
    b"5;a=b\r\nhello\r\n00\r\nX-A: 1\r\n\r\n", b"c\r\nhello, world\r\n1\r\n!\r\n0\r\n\r\n",
    b"5\r\nhello!\r\n0\r\n\r\n", b"\r\n",
)  # fmt: skip
_STATUS_LINES = (
    b"HTTP/1.1 200 OK", b"HTTP/1.1 204 No Content", b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 404 ",
    b"HTTP/1.0 200 OK", b"HTTP/1.1 500 Oh", b"HTTP/1.1 205 Reset Content",
)  # fmt: skip
_NOISE = (b"\r", b"\n", b"\r\n", b" ", b"\t", b"\x00", b":", b";", b",", b"0", b"+", b"\xe9", b"")


def _messages(lines: tuple[bytes, ...], host: tuple[bytes, ...]) -> st.SearchStrategy[bytes]:
    return st.builds(
        lambda line, headers, body: b"\r\n".join((line, *host, *headers)) + b"\r\n\r\n" + body,
        st.sampled_from(lines),
        st.lists(st.sampled_from(_HEADERS), max_size=4),
        st.sampled_from(_BODIES),
    )


@st.composite
def _damaged(draw: st.DrawFn, messages: st.SearchStrategy[bytes]) -> bytes:
    """Replace a byte here and there by something that matters to parsers."""
    data = draw(messages)
    for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
        at = draw(st.integers(0, len(data)))
        data = data[:at] + draw(st.sampled_from(_NOISE)) + data[at + draw(st.integers(0, 1)) :]
    return data


request_streams = _damaged(st.lists(_messages(_LINES, (b"Host: a",)), max_size=4).map(b"".join))
responses = _damaged(_messages(_STATUS_LINES, ()))
piece_sizes = st.sampled_from((1, 2, 3, 7, 1 << 16))


def feed(body: Body, data: bytes, size: int) -> bytes:
    """What is forwarded of a body that arrives in pieces; the rest of the data is its surplus."""
    forwarded = b""
    for start in range(0, len(data), size):
        forwarded += b"".join(body.feed(data[start : start + size]))
        if body.done:
            body.surplus += data[start + size :]
            break
    return forwarded


def upstream(request: RequestHead) -> tuple[bytes, bytes]:
    """The complete head for a replica, and the name the request has there."""
    headers, span = request.headers, SPANS.next()
    head = named_head(request.first, headers.lines, span, headers.request_id, headers.traced)
    return head, headers.request_id or PREFIX + span


def forwarded_requests(stream: bytes, size: int) -> tuple[bytes, Reading]:
    """The bytes that go to a replica for the bytes of one client, and how we read them."""
    sent, reading = b"", Reading()
    head: RequestHead | None = None
    try:
        while head := parse_request(stream, FORWARDED, AUTHORITY, head):
            stream, sent = stream[head.end :], sent + upstream(head)[0]
            body = b""
            if length := head.headers.length:
                framed, plain = body_of(length), body_of(length, framed=False)
                body = feed(plain, stream, size)
                sent += feed(framed, stream, size)
                if not framed.done:
                    break
                stream = framed.surplus
            reading.messages.append((head.first.partition(b" HTTP/")[0], body))
            if head.headers.upgrade or not head.headers.keep_alive:
                break
    except HttpError:
        reading.refused = True
    return sent, reading
