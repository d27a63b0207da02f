"""What is ambiguous is refused, the connection is closed, and nothing goes upstream."""

import pytest

from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import get
from tests.proxy.refused_requests import CHUNKED_HEAD, REFUSED, REFUSED_CHUNKS
from tests.proxy.replicas import echo


async def test_refused_requests_reach_no_replica(proxy: Proxy) -> None:
    replica = await proxy.serve(echo)
    for name, (status, request) in REFUSED.items():
        async with await proxy.client() as client:
            await client.send(request + b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = await client.response()
            assert (name, answer.status) == (name, status)
            assert answer.header("connection") == "close"
            assert "http_request_error" in (answer.header("proxy-status") or "")
            assert await client.rest() == b"", name
    assert replica.received == b""


async def test_refused_chunks_reach_no_replica_when_they_come_with_the_head(proxy: Proxy) -> None:
    replica = await proxy.serve(echo)
    for name, chunks in REFUSED_CHUNKS.items():
        async with await proxy.client() as client:
            await client.send(CHUNKED_HEAD + chunks)
            assert (name, (await client.response()).status) == (name, 400)
            assert await client.rest() == b"", name
    assert replica.received == b""


async def test_a_refused_chunk_later_on_ends_both_connections(proxy: Proxy) -> None:
    replica = await proxy.serve(echo)
    async with await proxy.client() as client:
        await client.send(CHUNKED_HEAD + b"3\r\nabc\r\n")
        await client.send(b"+3\r\nabc\r\n0\r\n\r\n")
        assert (await client.response()).status == 400
        assert await client.rest() == b""
    assert b"+3" not in replica.received
    assert (await get(proxy.port)).status == 200


@pytest.mark.parametrize("garbage", [b"\x00" * 100, b"\n", b"GET / HTTP/1.1\r\n\r\n"])
async def test_the_proxy_goes_on_after_garbage(proxy: Proxy, garbage: bytes) -> None:
    await proxy.serve(echo)
    async with await proxy.client() as client:
        await client.send(garbage)
        client.writer.write_eof()
        await client.rest()
    assert (await get(proxy.port)).status == 200
