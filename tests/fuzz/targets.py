"""What is fuzzed on the way of bytes from strangers: each target takes any bytes.

Only the documented errors may come out. However the bytes are split, the verdict and what goes on
are the same. What is accepted, h11 and llhttp accept and read alike.
"""

import re
from collections.abc import Callable
from typing import Final

import h11

from orchestrator.model.snapshot import Snapshot
from orchestrator.proxy.body import Body, body_of
from orchestrator.proxy.memo import response_of
from orchestrator.proxy.request_head import RequestHead, forwarded_lines, parse_request
from orchestrator.proxy.response_head import ResponseHead, parse_response
from orchestrator.proxy.syntax import CHUNKED, HttpError
from tests.proxy.readers import requests_by_h11, requests_by_llhttp
from tests.proxy.streams import forwarded_requests, upstream

FORWARDED: Final = forwarded_lines("192.0.2.7")
AUTHORITY: Final = b"127.0.0.1:8080"
_methods: Final = re.compile(rb"([^\r\n ]+) [^\r\n ]+ HTTP/1\.1\r\n").findall
METHODS: Final = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH")
"""Those that llhttp is asked about: it refuses what it has no name for."""


def request_head(data: bytes) -> None:
    """A head that grows piece by piece gets the verdict of the whole, a refusal no later."""
    step, stream = _step(data)
    whole = _request(stream)
    if len(stream) // step > 64:
        return
    for end in range(step, len(stream), step):
        found = _request(stream[:end])
        if found is not None:
            assert found == whole, (found, whole)
            return


def _request(data: bytes) -> tuple[object, ...] | None:
    head = _read(data, None)
    if not isinstance(head, RequestHead):
        return head
    assert _read(data, head) == head
    other = data.replace(b" ", b"x ", 1)  # another method, the same header lines
    assert _read(other, head) == _read(other, None)
    sent, _ = upstream(head)
    assert sent.endswith(b"\r\n\r\n")
    assert sent.count(b"\r\n\r\n") == 1
    return head.end, head.method, head.headers.length, head.headers.keep_alive, head.headers.upgrade


def _read(data: bytes, last: RequestHead | None) -> RequestHead | tuple[str] | None:
    try:
        return parse_request(data, FORWARDED, AUTHORITY, last) if data else None
    except HttpError:
        return ("refused",)


def request_stream(data: bytes) -> None:
    """What goes on of a client's stream reads the same to us, to h11 and to llhttp."""
    sizes = (1 << 16, 1 + data[0] % 7 if data else 1)
    whole, pieces = (forwarded_requests(data[1:], size) for size in sizes)
    assert (whole[0].count(b" HTTP/1.1\r\n"), whole[1]) == (
        pieces[0].count(b" HTTP/1.1\r\n"),
        pieces[1],
    )
    sent, ours = whole
    if b"pgrade" in sent or ours.refused:
        return
    known = all(method in METHODS for method in _methods(sent))
    for reader in (requests_by_h11, requests_by_llhttp) if known else (requests_by_h11,):
        theirs = reader(sent)
        assert not theirs.refused, (reader, sent)
        assert theirs.messages == ours.messages, (reader, sent, theirs.messages, ours.messages)


def chunked_body(data: bytes) -> None:
    """However it is split, a body is the same; h11 reads what goes on as we do."""
    step, stream = _step(data)
    for framed in (True, False):
        whole, pieces = _fed(stream, len(stream) or 1, framed), _fed(stream, step, framed)
        assert whole == pieces, (whole, pieces)
    framed_out, done, _ = _fed(stream, len(stream) or 1, True)
    if done:
        plain, _, _ = _fed(stream, len(stream) or 1, False)
        assert _read_by_h11(framed_out) == plain


def _fed(stream: bytes, step: int, framed: bool) -> tuple[bytes, bool, bytes]:
    """What goes on, whether the body ends, what is left. `refused` for a malformed one."""
    body: Body = body_of(CHUNKED, framed)
    out = b""
    for start in range(0, len(stream), step):
        try:
            out += b"".join(body.feed(stream[start : start + step]))
        except HttpError:
            return b"", False, b"refused"
        if body.done:
            return out, True, body.surplus + stream[start + step :]
    return (b"", False, b"") if not body.done else (out, True, body.surplus)


def _read_by_h11(body: bytes) -> bytes:
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    reader.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
    found = b""
    while not isinstance(event := reader.next_event(), h11.EndOfMessage):
        assert event is not h11.NEED_DATA, body
        found += bytes(event.data) if isinstance(event, h11.Data) else b""
    return found


def response_head(data: bytes) -> None:
    """The memo says what the parser says; a head is read the same however it arrives."""
    step, stream = _step(data)
    for to_head in (False, True):
        whole = _response(parse_response, stream, to_head)
        assert whole == _response(response_of, stream, to_head)
        if whole is not None and len(whole) > 1 and len(stream) // step <= 64:
            for end in range(step, len(stream), step):
                part = _response(parse_response, stream[:end], to_head)
                assert part in (None, whole), (part, whole)


def _response(
    parse: Callable[[bytes, bool], ResponseHead | None], data: bytes, to_head: bool
) -> tuple[object, ...] | None:
    try:
        head = parse(data, to_head)
    except HttpError:
        return ("refused",)
    if head is None:
        return None
    assert b"\r\n\r\n" not in head.lines
    return head.end, head.status, head.lines, head.length, head.keep_alive, head.upgrade


def snapshot(data: bytes) -> None:
    """A snapshot that is none is a ValueError; one that is reads back."""
    try:
        found = Snapshot.from_json(data)
    except (ValueError, RecursionError):
        return
    assert found.version is not None


def _step(data: bytes) -> tuple[int, bytes]:
    return (1 + data[0] % 9, data[1:]) if data else (1, b"")


TARGETS: Final = (request_head, request_stream, chunked_body, response_head, snapshot)
DICTIONARY: Final = (
    b"GET / HTTP/1.1\r\nHost: a\r\n", b"POST /a?b HTTP/1.1\r\nHost: a\r\n", b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 304 Not Modified\r\n", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n", b"Connection: upgrade\r\n", b"Upgrade: websocket\r\n",
    b"Expect: 100-continue\r\n", b"\r\n\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b";a=\"b\"",
    b"Connection: x-a, content-length\r\n", b"Cookie: a=b\r\n", b"http://a/",
    b'{"version":1,"listeners":[]}',
)  # fmt: skip


def fuzz(data: bytes) -> None:
    """The first byte says which target."""
    if data:
        TARGETS[data[0] % len(TARGETS)](data[1:])
