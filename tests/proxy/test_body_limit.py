"""`limits.maxBody`: what is too long is refused, and never reaches a replica whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.snapshot import Limits
from orchestrator.proxy.body_limit import request_body
from orchestrator.proxy.syntax import CHUNKED, HttpError
from tests.proxy.conftest import Proxy
from tests.proxy.replicas import Connection, response
from tests.proxy.streams import feed
from tests.support.wait import eventually_async

TEN = Limits(max_body_bytes=10)
CHUNKED_HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(sizes: list[int]) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (n, b"x" * n) for n in sizes) + b"0\r\n\r\n"


@given(st.lists(st.integers(1, 30), max_size=6), st.integers(1, 60), st.integers(1, 9))
def test_content_is_counted_in_whatever_pieces(sizes: list[int], limit: int, step: int) -> None:
    stream = chunked(sizes)
    body = request_body(CHUNKED, limit)
    if sum(sizes) <= limit:
        assert feed(body, stream, step) == stream
        assert body.done
    else:
        with pytest.raises(HttpError) as refused:
            feed(body, stream, step)
        assert refused.value.status == 413


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_length_is_allowed_up_to_the_bound(length: int, limit: int) -> None:
    if length <= limit:
        assert not request_body(length, limit).done
    else:
        with pytest.raises(HttpError, match="larger than"):
            request_body(length, limit)


async def test_an_announced_length_is_refused_before_anything_is_sent(proxy: Proxy) -> None:
    replica = await proxy.serve(answer_with_length, limits=TEN)
    async with await proxy.client() as client:
        assert (await client.post(b"x" * 10)).body == b"10"
        seen = len(replica.received)
        answer = await client.post(b"x" * 11)
        assert (answer.status, answer.header("connection")) == (413, "close")
        assert answer.body == b"request body larger than 10 bytes\n"
        assert await client.rest() == b""
    assert len(replica.received) == seen
    assert replica.connections == 1


async def test_who_asks_before_sending_is_told(proxy: Proxy) -> None:
    replica = await proxy.serve(answer_with_length, limits=TEN)
    async with await proxy.client() as client:
        await client.send(
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"
        )
        assert (await client.response()).status == 413
    assert not replica.received


async def test_chunks_up_to_the_bound_pass(proxy: Proxy) -> None:
    await proxy.serve(answer_with_length, limits=TEN)
    async with await proxy.client() as client:
        for _ in range(2):
            await client.send(CHUNKED_HEAD + chunked([4, 6]))
            assert (await client.response()).status == 200


async def test_chunks_beyond_the_bound_end_the_request_everywhere(proxy: Proxy) -> None:
    """An idempotent one too is not sent again."""
    replica = await proxy.serve(swallow, limits=TEN)
    async with await proxy.client() as client:
        await client.send(CHUNKED_HEAD.replace(b"POST", b"PUT") + b"6\r\nxxxxxx\r\n")
        await eventually_async(lambda: b"xxxxxx" in replica.received)
        await client.send(b"5\r\nyyyyy\r\n0\r\n\r\n")
        answer = await client.response()
        assert (answer.status, answer.header("connection")) == (413, "close")
        await eventually_async(lambda: replica.open == 0)
    assert bytes(replica.received).endswith(b"\r\n\r\n6\r\nxxxxxx\r\n")
    assert replica.connections == 1


async def test_once_a_response_has_begun_the_connection_is_cut(proxy: Proxy) -> None:
    replica = await proxy.serve(answer_early, limits=TEN)
    async with await proxy.client() as client:
        await client.send(CHUNKED_HEAD + b"6\r\nxxxxxx\r\n")
        assert (await client.head()).status == 200
        await client.send(b"5\r\nyyyyy\r\n")
        assert b"0\r\n\r\n" not in await client.rest()
        await eventually_async(lambda: replica.open == 0)


async def answer_with_length(connection: Connection) -> None:
    """Answer with the number of bytes each request's body took, framing included."""
    while True:
        body = await connection.body(await connection.head())
        await connection.send(response(str(len(body)).encode()))


async def swallow(connection: Connection) -> None:
    """Take what comes and never answer."""
    while data := await connection.reader.read(65536):
        connection.replica.received += data


async def answer_early(connection: Connection) -> None:
    """Begin to answer before the request is whole."""
    await connection.head()
    await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
    await connection.body(b"\r\nTransfer-Encoding: chunked\r\n")
