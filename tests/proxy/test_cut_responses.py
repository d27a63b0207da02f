"""Fault 30: a response that its replica did not finish never looks whole to a client.

Where the end of the connection is the end of the body, only a reset says that it is not whole.
"""

import asyncio

import pytest

from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import PATIENCE_S, RawClient
from tests.proxy.replicas import Connection
from tests.proxy.tcp_support import read_to_the_end, reset

NEW = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
OLD = b"GET / HTTP/1.0\r\n\r\n"
OF_A_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSE = b"HTTP/1.1 200 OK\r\n\r\n"
CASES = {
    "length to 1.1": (NEW, OF_A_LENGTH, b"half"),
    "length to 1.0": (OLD, OF_A_LENGTH, b"half"),
    "chunks to 1.1": (NEW, CHUNKED, b"4\r\nhalf\r\n"),
    "chunks to 1.0": (OLD, CHUNKED, b"4\r\nhalf\r\n"),
    "until the end to 1.1": (NEW, UNTIL_CLOSE, b"half"),
    "until the end to 1.0": (OLD, UNTIL_CLOSE, b"half"),
}


class Breaking:
    """Sends the first part of a response, and when told to, breaks off."""

    def __init__(self, head: bytes, part: bytes, then: bytes | None = None) -> None:
        self.answer = head + part
        self.then = then
        self.now = asyncio.Event()

    async def __call__(self, connection: Connection) -> None:
        """Serve one request. With `then` say that and go on, else reset the connection."""
        await connection.head()
        await connection.send(self.answer)
        await self.now.wait()
        if self.then is None:
            reset(connection.writer)
        else:
            await connection.send(self.then)
            await connection.reader.read()


async def begun(proxy: Proxy, request: bytes) -> RawClient:
    """A client that has a part of the response."""
    client = await proxy.client()
    await client.send(request)
    assert (await client.head()).status == 200
    async with asyncio.timeout(PATIENCE_S):
        await client.reader.readuntil(b"half")
    return client


async def sees_a_reset(client: RawClient) -> None:
    with pytest.raises(ConnectionResetError):
        await read_to_the_end(client)
    await client.close()


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_replica_that_resets(proxy: Proxy, case: tuple[bytes, bytes, bytes]) -> None:
    request, head, part = case
    breaking = Breaking(head, part)
    await proxy.serve(breaking)
    client = await begun(proxy, request)
    breaking.now.set()
    await sees_a_reset(client)


async def test_a_replica_that_sends_no_chunks(proxy: Proxy) -> None:
    breaking = Breaking(CHUNKED, b"4\r\nhalf\r\n", then=b"+4\r\nmore\r\n")
    await proxy.serve(breaking)
    client = await begun(proxy, OLD)
    breaking.now.set()
    await sees_a_reset(client)


@pytest.mark.parametrize("limit", ["response_timeout_s", "request_timeout_s"])
async def test_a_replica_that_falls_silent(proxy: Proxy, limit: str) -> None:
    await proxy.serve(Breaking(UNTIL_CLOSE, b"half"), **{limit: 0.2})
    await sees_a_reset(await begun(proxy, NEW))


async def test_a_client_that_ends_its_half(proxy: Proxy) -> None:
    """It is taken as gone; should it still read, then not this as an end."""
    await proxy.serve(Breaking(UNTIL_CLOSE, b"half"))
    client = await begun(proxy, NEW)
    client.writer.write_eof()
    await sees_a_reset(client)


async def test_a_proxy_that_may_not_wait_any_longer(proxy: Proxy) -> None:
    await proxy.serve(Breaking(UNTIL_CLOSE, b"half"))
    client = await begun(proxy, NEW)
    await proxy.supervisor.stop(0.1)
    await sees_a_reset(client)
