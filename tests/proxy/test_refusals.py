"""Refusals in the middle of things; `test_corpus` has those at the start."""

import pytest

from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import get
from tests.proxy.replicas import echo

CHUNKED_HEAD = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"


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


async def test_a_405_names_the_methods_that_are_passed_on(proxy: Proxy) -> None:
    await proxy.serve(echo)
    async with await proxy.client() as client:
        refused = await client.get("a:80", method="CONNECT")
    assert refused.status == 405
    allowed = (refused.header("allow") or "").split(", ")
    assert {"GET", "POST"} < set(allowed)
    async with await proxy.client() as client:
        for method in allowed:
            assert (await client.get(method=method)).status == 200
