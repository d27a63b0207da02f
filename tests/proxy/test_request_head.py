"""Request heads: what goes upstream, and what never does."""

import contextlib
import re

import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.proxy.request_head import RequestHead, forwarded_lines, parse_request
from orchestrator.proxy.request_ids import is_traceparent
from orchestrator.proxy.syntax import CHUNKED, HttpError
from tests.proxy.corpus import connections, framing, header_lines, request_lines
from tests.proxy.corpus.cases import Refused
from tests.proxy.streams import upstream

FORWARDED = forwarded_lines("192.0.2.7")
ADDED = (
    b"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
    b'Forwarded: for=192.0.2.7;proto=http;host="shop.test"\r\nX-Forwarded-Host: shop.test\r\n'
)

_MODULES = (framing, request_lines, header_lines, connections)
REFUSED = [case for module in _MODULES for case in module.REFUSED]


def parse(data: bytes) -> RequestHead | None:
    return parse_request(data, FORWARDED, b"127.0.0.1:8080")


def names_of(name: bytes) -> bytes:
    """The last lines of a head whose names were made here."""
    return b"X-Request-Id: %b\r\nTraceparent: 00-%b-%b-01\r\n\r\n" % (name, name, name[16:])


def accepted(*lines: bytes) -> RequestHead:
    head = parse(b"\r\n".join(lines) + b"\r\n\r\n")
    assert head is not None
    return head


def test_a_plain_request_goes_on_with_who_asked() -> None:
    head = accepted(b"GET /a?b=%20c HTTP/1.1", b"Host: shop.test", b"Accept: */*")
    sent, name = upstream(head)
    assert sent == (
        b"GET /a?b=%20c HTTP/1.1\r\nHost: shop.test\r\nAccept: */*\r\n" + ADDED + names_of(name)
    )
    said = head.headers
    assert (head.method, said.length, said.keep_alive, said.upgrade) == (b"GET", 0, True, False)


def test_hop_by_hop_headers_stay_behind() -> None:
    head = accepted(
        b"GET / HTTP/1.1",
        b"Host: shop.test",
        b"Connection: close, X-Secret, Host, Content-Length",
        b"x-secret: 1",
        b"Keep-Alive: 5",
        b"TE: trailers",
        b"Trailer: X",
        b"Upgrade: websocket",
        b"Proxy-Connection: close",
        b"Proxy-Authorization: Basic eA==",
        b"Proxy: http://evil.test",
        b"X-Kept: yes",
        b"Content-Length: 3",
    )
    sent, name = upstream(head)
    assert sent == (
        b"GET / HTTP/1.1\r\nHost: shop.test\r\nX-Kept: yes\r\nContent-Length: 3\r\n"
        + ADDED
        + names_of(name)
    )
    assert not head.headers.keep_alive


def test_what_the_client_says_about_itself_is_overwritten() -> None:
    head = accepted(
        b"GET / HTTP/1.1",
        b"Host: shop.test",
        b"X-Forwarded-For: 10.0.0.1",
        b"x-forwarded-host: evil.test",
        b"X-FORWARDED-PROTO: https",
        b"Forwarded: for=10.0.0.1",
    )
    sent, name = upstream(head)
    assert sent == b"GET / HTTP/1.1\r\nHost: shop.test\r\n" + ADDED + names_of(name)


def test_an_ipv6_client_is_quoted_where_the_grammar_asks_for_it() -> None:
    head = parse_request(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", forwarded_lines("::1", "https"), b"")
    assert head is not None
    sent, _ = upstream(head)
    assert b"\r\nX-Forwarded-For: ::1\r\nX-Forwarded-Proto: https\r\n" in sent
    assert b'\r\nForwarded: for="[::1]";proto=https;host="a"\r\n' in sent


def test_requests_get_names_of_their_own() -> None:
    head = accepted(b"GET / HTTP/1.1", b"Host: a")
    names = [upstream(head)[1] for _ in range(100)]
    assert len(set(names)) == 100
    assert all(re.fullmatch(rb"[0-9a-f]{32}", name) for name in names)


TRACE = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-"


@pytest.mark.parametrize(
    "value",
    [TRACE + b"00", TRACE + b"01", TRACE + b"ff", b"cc" + TRACE[2:] + b"01-what-comes-later"],
)
def test_a_trace_goes_on_with_its_flags_and_state(value: bytes) -> None:
    lines = (b"GET / HTTP/1.1", b"Host: a", b"TraceParent: " + value, b"tracestate: a=1")
    head = accepted(*lines, b"Tracestate: b=2")
    sent, name = upstream(head)
    assert b"\r\nTraceparent: " + value + b"\r\nTracestate: a=1,b=2\r\n" in sent
    assert sent.endswith(b"\r\nX-Request-Id: " + name + b"\r\n\r\n")


@pytest.mark.parametrize(
    "value",
    [
        b"",
        TRACE,
        TRACE + b"0",
        TRACE + b"01-more",
        TRACE.upper() + b"01",
        b"ff" + TRACE[2:] + b"01",
        b"00-" + b"0" * 32 + b"-b7ad6b7169203331-01",
        b"00-0af7651916cd43dd8448eb211c80319c-" + b"0" * 16 + b"-01",
        TRACE + b"01," + TRACE + b"01",
    ],
)
def test_a_malformed_trace_is_replaced_with_its_state(value: bytes) -> None:
    lines = (b"GET / HTTP/1.1", b"Host: a", b"traceparent: " + value, b"tracestate: a=1")
    head = accepted(*lines)
    sent, name = upstream(head)
    assert sent.endswith(names_of(name))
    assert b"a=1" not in sent


@pytest.mark.parametrize("value", [b"a", b"4f2c-1", b"A.b_c~d+e/f=g:h@i", b"x" * 128])
def test_a_request_id_goes_on(value: bytes) -> None:
    head = accepted(b"GET / HTTP/1.1", b"Host: a", b"x-request-id: " + value)
    sent, name = upstream(head)
    assert name == value
    assert sent.count(b"\r\nX-Request-Id: " + value + b"\r\n") == 1
    trace = sent.rpartition(b"Traceparent: ")[2].removesuffix(b"\r\n\r\n")
    assert is_traceparent(trace)


@pytest.mark.parametrize("value", [b"", b"a b", b"x" * 129, b"\xe9", b'"a"', b"<b>", b"a,b"])
def test_a_malformed_request_id_is_replaced(value: bytes) -> None:
    head = accepted(b"GET / HTTP/1.1", b"Host: a", b"X-Request-Id: " + value)
    sent, name = upstream(head)
    assert sent.endswith(names_of(name))


def test_a_chunked_body_stays_chunked() -> None:
    head = accepted(b"POST / HTTP/1.1", b"Host: shop.test", b"transfer-encoding: Chunked")
    sent, _ = upstream(head)
    assert head.headers.length == CHUNKED
    assert b"\r\nTransfer-Encoding: chunked\r\n" in sent


@pytest.mark.parametrize(
    ("lines", "keep_alive"),
    [
        ([b"GET / HTTP/1.1"], True),
        ([b"GET / HTTP/1.1", b"Connection: Close"], False),
        ([b"GET / HTTP/1.1", b"Connection: foo", b"Connection: close"], False),
        ([b"GET / HTTP/1.0"], False),
        ([b"GET / HTTP/1.0", b"Connection: keep-alive"], True),
    ],
)
def test_who_keeps_the_connection(lines: list[bytes], keep_alive: bool) -> None:
    assert accepted(*lines, b"Host: shop.test").headers.keep_alive is keep_alive


def test_http10_becomes_http11_and_gets_a_host() -> None:
    head = accepted(b"GET /x HTTP/1.0")
    sent, _ = upstream(head)
    assert sent.startswith(b"GET /x HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert head.http10


def test_an_upgrade_is_passed_on_but_never_to_http2() -> None:
    lines = (b"GET / HTTP/1.1", b"Host: shop.test", b"Connection: keep-alive, Upgrade")
    web_socket = accepted(*lines, b"Upgrade: websocket")
    assert web_socket.headers.upgrade
    assert b"\r\nConnection: upgrade\r\nUpgrade: websocket\r\n" in upstream(web_socket)[0]
    http2 = accepted(*lines, b"Upgrade: h2c")
    assert not http2.headers.upgrade
    assert b"pgrade" not in upstream(http2)[0]


def test_one_empty_line_before_a_request_is_ignored() -> None:
    data = b"\r\nGET / HTTP/1.1\r\nHost: shop.test\r\n\r\nrest"
    head = parse(data)
    assert head is not None
    assert data[head.end :] == b"rest"


def test_methods_that_may_be_sent_twice() -> None:
    idempotent = {
        method
        for method in (b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"POST", b"PATCH", b"X")
        if accepted(method + b" / HTTP/1.1", b"Host: a").idempotent
    }
    assert idempotent == {b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE"}


@pytest.mark.parametrize("known", [False, True], ids=["first", "later"])
@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_ambiguous_heads_are_refused(case: Refused, known: bool) -> None:
    before = accepted(b"GET / HTTP/1.1", b"Host: a") if known else None
    with pytest.raises(HttpError) as refusal:
        parse_request(case.data, FORWARDED, b"127.0.0.1:8080", before)
    assert refusal.value.status == case.status


def test_exactly_the_allowed_number_of_headers_passes() -> None:
    lines = [b"GET / HTTP/1.1", b"Host: a", *(b"X-%d: 1" % n for n in range(99))]
    assert accepted(*lines).end
    with pytest.raises(HttpError) as refusal:
        accepted(*lines, b"X-One-More: 1")
    assert refusal.value.status == 431


def outcome(data: bytes, last: RequestHead | None = None) -> tuple[str, object]:
    """What parsing says: incomplete, refused with a status, or accepted."""
    try:
        head = parse_request(data, FORWARDED, b"127.0.0.1:8080", last)
    except HttpError as error:
        return "refused", error.status
    if head is None:
        return "incomplete", None
    return "accepted", head


def piecewise(data: bytes, size: int) -> tuple[str, object]:
    """The first decision when the data arrives in pieces."""
    for end in range(size, len(data) + size, size):
        if (found := outcome(data[:end]))[0] != "incomplete":
            return found
    return "incomplete", None


names = st.sampled_from(
    [b"Host", b"host", b"Connection", b"Content-Length", b"Transfer-Encoding", b"Upgrade",
     b"X-Forwarded-For", b"TE", b"X-A", b"Content-Length ", b"X_B", b""]
)  # fmt: skip
values = st.sampled_from(
    [b"shop.test", b"5", b"+5", b"0x5", b"chunked", b"close", b"upgrade, x-a", b"websocket",
     b"a\x00b", b"\xff", b"", b" chunked ", b"identity", b"5, 5", b"\xd9\xa3"]
)  # fmt: skip
separators = st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\r", b"\r\n ", b"\r\r\n"])
line_lists = st.lists(st.tuples(names, values, separators), max_size=5)
first_lines = st.sampled_from(
    [b"GET / HTTP/1.1\r\n", b"POST /a HTTP/1.1\r\n", b"GET / HTTP/1.0\r\n", b"GET  / HTTP/1.1\r\n",
     b"GET http://a/ HTTP/1.1\r\n", b"OPTIONS * HTTP/1.1\r\n", b"GET /\xe9 HTTP/1.1\r\n"]
)  # fmt: skip
near_requests = st.builds(
    lambda line, headers, rest: (
        line + b"".join(n + b": " + v + s for n, v, s in headers) + b"\r\n" + rest
    ),
    first_lines,
    line_lists,
    st.binary(max_size=8),
)


@given(st.one_of(st.binary(max_size=200), near_requests), st.integers(1, 9))
@example(b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", 1)
def test_any_bytes_split_anywhere_get_one_answer(data: bytes, size: int) -> None:
    assert piecewise(data, size) == outcome(data)


@given(near_requests, near_requests)
def test_what_is_known_of_a_request_changes_no_later_one(first: bytes, second: bytes) -> None:
    with contextlib.suppress(HttpError):
        if (head := parse(first)) is not None:
            assert outcome(second, head) == outcome(second)
            assert outcome(first, head) == outcome(first)


def test_known_headers_are_not_read_again() -> None:
    lines = (b"GET / HTTP/1.1", b"Host: shop.test", b"Content-Length: 3")
    first = accepted(*lines)
    data = b"\r\n".join(lines) + b"\r\n\r\n"
    assert parse_request(data + b"abc", FORWARDED, b"", first) is first
    other = parse_request(data.replace(b"/", b"/b", 1), FORWARDED, b"", first)
    assert other is not None
    assert (other.headers is first.headers, other.line) == (True, b"GET /b HTTP/1.1")


def test_only_small_heads_are_kept() -> None:
    data = b"GET / HTTP/1.1\r\nHost: shop.test\r\n\r\n"
    for start in (b"", b"\r\n"):  # An empty line before a head is not a part of it.
        head = parse(start + data)
        assert head is not None
        assert (head.received, head.end) == (b"" if start else data, len(start + data))
        assert outcome(data, head) == outcome(data)
    lines = (b"GET / HTTP/1.1", b"Host: shop.test")
    assert not accepted(*lines, b"X-A: " + b"a" * 5000).received
    assert not accepted(b"GET / HTTP/1.0").received


class Reader:
    """What another strict parser makes of bytes."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.requests = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.requests += 1


@given(near_requests)
def test_llhttp_reads_what_we_send_as_we_do(data: bytes) -> None:
    with contextlib.suppress(HttpError):
        head = parse(data)
        if head is None:
            return
        reader = Reader()
        with contextlib.suppress(httptools.HttpParserUpgrade):
            httptools.HttpRequestParser(reader).feed_data(upstream(head)[0])
        assert reader.requests == 1
        lengths = [v for n, v in reader.headers if n == b"content-length"]
        length = head.headers.length
        assert lengths == ([b"%d" % length] if length > 0 else lengths[:1])
        codings = [v for n, v in reader.headers if n == b"transfer-encoding"]
        assert codings == ([b"chunked"] if length == CHUNKED else [])
        assert not (lengths and codings)
        assert len([n for n, _ in reader.headers if n == b"host"]) == 1
