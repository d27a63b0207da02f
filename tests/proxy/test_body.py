"""Bodies: where they end, whatever the pieces they arrive in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.proxy.body import Body, ChunkedBody, LengthBody, body_of
from orchestrator.proxy.syntax import CHUNKED, UNTIL_CLOSE, HttpError
from tests.proxy.corpus import chunks
from tests.proxy.corpus.cases import Refused


def feed(body: Body, data: bytes, size: int = 1 << 20) -> bytes:
    """All that is forwarded of data that arrives in pieces."""
    forwarded = b""
    for start in range(0, len(data), size):
        if body.done:
            body.surplus += data[start : start + size]
        else:
            forwarded += b"".join(body.feed(data[start : start + size]))
    return forwarded


chunk_lists = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
sizes = st.integers(1, 64)


def encoded(chunks: list[bytes], extension: bytes = b"", trailer: bytes = b"") -> bytes:
    framed = b"".join(b"%x%s\r\n%s\r\n" % (len(c), extension, c) for c in chunks)
    return framed + b"0\r\n" + trailer + b"\r\n"


@given(chunk_lists, sizes, st.binary(max_size=9))
def test_a_chunked_body_is_forwarded_as_it_came(
    chunks: list[bytes], size: int, surplus: bytes
) -> None:
    body = ChunkedBody()
    assert feed(body, encoded(chunks) + surplus, size) == encoded(chunks)
    assert (body.done, body.surplus) == (True, surplus)


@given(chunk_lists, sizes)
def test_extensions_and_trailers_are_dropped(chunks: list[bytes], size: int) -> None:
    data = encoded(chunks, b';a=b;c="d\\"e"', b"X-Sum: 1\r\nY: 2\r\n")
    assert feed(ChunkedBody(), data, size) == encoded(chunks)


@given(chunk_lists, sizes)
def test_http10_clients_get_the_data_alone(chunks: list[bytes], size: int) -> None:
    body = ChunkedBody(framed=False)
    assert feed(body, encoded(chunks), size) == b"".join(chunks)
    assert body.done


@given(st.binary(max_size=80), st.integers(1, 80), sizes)
def test_a_body_of_known_length_ends_there(data: bytes, length: int, size: int) -> None:
    body = LengthBody(length)
    assert feed(body, data, size) == data[:length]
    assert body.done is (len(data) >= length)
    assert body.surplus == data[length:]


def test_a_body_until_close_takes_everything() -> None:
    body = body_of(UNTIL_CLOSE)
    assert feed(body, b"a" * 100, 7) == b"a" * 100
    assert not body.done


def test_a_large_body_is_not_copied() -> None:
    data = b"x" * 1_000_000
    assert body_of(2_000_000).feed(data)[0] is data
    chunked = body_of(CHUNKED)
    chunked.feed(b"1e8480\r\n")
    assert chunked.feed(data)[0] is data


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("case", chunks.REFUSED, ids=lambda case: case.name)
def test_ambiguous_chunks_are_refused(case: Refused, size: int) -> None:
    data = case.data.partition(b"\r\n\r\n")[2] + b"\r\n\r\n"
    with pytest.raises(HttpError) as refusal:
        feed(ChunkedBody(), data, size)
    assert refusal.value.status == 400


@given(st.binary(max_size=60), sizes)
def test_any_bytes_are_read_or_refused(data: bytes, size: int) -> None:
    body = ChunkedBody()
    try:
        forwarded = feed(body, data, size)
    except HttpError:
        return
    assert len(forwarded) <= len(data)


@pytest.mark.parametrize("data", [b"1" * 5000, b"5;" + b"a" * 5000, b"0\r\n" + b"a" * 5000])
def test_endless_lines_are_refused(data: bytes) -> None:
    with pytest.raises(HttpError):
        feed(ChunkedBody(), data, 512)
