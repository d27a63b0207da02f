"""What goes on is read by others as by us: as many messages, with the same bodies.

Otherwise one's client could smuggle a request into another's connection (RFC 9112 11.2).
"""

from hypothesis import example, given, settings

from orchestrator.proxy.body import body_of
from orchestrator.proxy.response_head import ResponseHead, parse_response
from orchestrator.proxy.syntax import CHUNKED, END_OF_HEAD, UNTIL_CLOSE, HttpError
from tests.proxy.corpus.cases import hosted, post
from tests.proxy.readers import requests_by_h11, requests_by_llhttp, response_by_h11
from tests.proxy.streams import feed, forwarded_requests, piece_sizes, request_streams, responses
from tests.proxy.test_corpus import ACCEPTED

TWO = post(b"Content-Length: 5") + hosted()


@settings(max_examples=400)
@given(request_streams, piece_sizes)
@example(TWO, 3)
def test_h11_reads_what_we_forward_as_we_do(stream: bytes, size: int) -> None:
    sent, ours = forwarded_requests(stream, size)
    theirs = requests_by_h11(sent)
    assert theirs.messages == ours.messages
    assert not theirs.refused


@settings(max_examples=400)
@given(request_streams, piece_sizes)
@example(TWO, 3)
def test_llhttp_reads_what_we_forward_as_we_do(stream: bytes, size: int) -> None:
    sent, ours = forwarded_requests(stream, size)
    theirs = requests_by_llhttp(sent)
    # It knows a list of methods; a request with another ends its reading.
    assert theirs.messages == ours.messages[: len(theirs.messages)]
    assert theirs.refused or len(theirs.messages) == len(ours.messages)


@settings(max_examples=400)
@given(request_streams)
def test_where_we_and_h11_accept_a_stream_we_read_the_same(stream: bytes) -> None:
    ours = forwarded_requests(stream, 1 << 16)[1].messages
    theirs = requests_by_h11(stream).messages
    both = min(len(ours), len(theirs))
    assert [body for _, body in ours[:both]] == [body for _, body in theirs[:both]]


def test_the_accepted_corpus_is_read_alike() -> None:
    for case in ACCEPTED:
        sent, ours = forwarded_requests(case.data, 1 << 16)
        assert requests_by_h11(sent).messages == ours.messages, case.name
        # After a request for an upgrade, the stream is read on once the replica has declined.
        assert ours.messages == list(case.upstream[: 1 if b"Upgrade: web" in sent else None])
        theirs = requests_by_llhttp(sent)
        assert theirs.refused or theirs.messages == ours.messages, case.name


def forwarded_response(head: ResponseHead, rest: bytes, size: int) -> tuple[bytes, bytes, bool]:
    """What a client gets, the body in it, and whether that is whole at the end of `rest`."""
    coding = b"\r\nTransfer-Encoding: chunked" if head.length == CHUNKED else b""
    sent = b"".join((head.lines, coding, END_OF_HEAD))
    if not head.length:
        return sent, b"", True
    framed, plain = body_of(head.length), body_of(head.length, framed=False)
    sent += feed(framed, rest, size)
    return sent, feed(plain, rest, size), framed.done or head.length == UNTIL_CLOSE


@settings(max_examples=600)
@given(responses, piece_sizes)
def test_h11_reads_responses_as_we_do(stream: bytes, size: int) -> None:
    for method in (b"GET", b"HEAD"):
        try:
            head = parse_response(stream, method == b"HEAD")
            if head is None:
                continue
            sent, body, whole = forwarded_response(head, stream[head.end :], size)
        except HttpError:
            continue
        expected = [(b"%d" % head.status, body)] if whole else []
        assert response_by_h11(sent, method).messages == expected
        theirs = response_by_h11(stream, method)
        assert theirs.refused or theirs.messages == expected
