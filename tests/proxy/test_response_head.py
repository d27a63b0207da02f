"""Response heads: what the client gets, and where the body ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.proxy.response_head import ResponseHead, parse_response
from orchestrator.proxy.syntax import CHUNKED, UNTIL_CLOSE, HttpError


def accepted(*lines: bytes, to_head: bool = False) -> ResponseHead:
    head = parse_response(b"\r\n".join(lines) + b"\r\n\r\n", to_head)
    assert head is not None
    return head


def test_hop_by_hop_headers_stay_behind() -> None:
    head = accepted(
        b"HTTP/1.1 200 OK",
        b"Connection: close, X-Secret",
        b"X-Secret: 1",
        b"Keep-Alive: timeout=5",
        b"Trailer: X",
        b"Proxy-Connection: close",
        b"X-Replica: liar",
        b"X_Kept: yes",
        b"content-length: 3",
    )
    assert head.lines == b"HTTP/1.1 200 OK\r\nX_Kept: yes\r\nContent-Length: 3"
    assert (head.status, head.length, head.keep_alive) == (200, 3, False)


@pytest.mark.parametrize(
    ("lines", "length", "keep_alive"),
    [
        ([b"HTTP/1.1 200 OK", b"Content-Length: 0"], 0, True),
        ([b"HTTP/1.1 200", b"Content-Length: 12"], 12, True),
        ([b"HTTP/1.1 200 OK", b"Transfer-Encoding: chunked"], CHUNKED, True),
        ([b"HTTP/1.1 200 OK"], UNTIL_CLOSE, False),
        ([b"HTTP/1.0 200 OK", b"Content-Length: 2"], 2, False),
        ([b"HTTP/1.0 200 OK", b"Content-Length: 2", b"Connection: Keep-Alive"], 2, True),
        ([b"HTTP/1.1 204 No Content"], 0, True),
        ([b"HTTP/1.1 304 Not Modified", b"Content-Length: 9"], 0, True),
        ([b"HTTP/1.1 100 Continue"], 0, True),
    ],
)
def test_where_the_body_ends(lines: list[bytes], length: int, keep_alive: bool) -> None:
    head = accepted(*lines)
    assert (head.length, head.keep_alive) == (length, keep_alive)


def test_an_answer_to_head_has_no_body() -> None:
    head = accepted(b"HTTP/1.1 200 OK", b"Content-Length: 9", to_head=True)
    assert head.length == 0
    assert b"Content-Length: 9" in head.lines


@pytest.mark.parametrize(
    "lines",
    [
        [b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Content-Length: 5"],
        [b"HTTP/1.1 200 OK", b"Content-Length: +5"],
        [b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip, chunked"],
        [b"HTTP/1.1 200 OK", b"Transfer-Encoding: identity"],
        [b"HTTP/1.1 200 OK", b" folded: 1"],
        [b"HTTP/1.1 200 OK", b"Set-Cookie: a\nInjected: 1"],
        [b"HTTP/1.1 200 OK", b"X : 1"],
        [b"HTTP/1.1 20 OK"],
        [b"HTTP/1.1 999 What"],
        [b"HTTP/2 200 OK"],
        [b"nonsense"],
    ],
)
def test_malformed_responses_are_refused(lines: list[bytes]) -> None:
    with pytest.raises(HttpError) as refusal:
        accepted(*lines)
    assert (refusal.value.status, refusal.value.error) == (502, "http_protocol_error")


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(data: bytes, to_head: bool) -> None:
    try:
        head = parse_response(data, to_head)
    except HttpError:
        return
    assert head is None or head.end <= len(data)


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_head_that_is_too_large_is_refused(end: bytes) -> None:
    with pytest.raises(HttpError):
        parse_response(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 40_000 + end, False)
