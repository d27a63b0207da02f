"""What the demo says of requests that fail."""

import asyncio

from orchestrator.cli.demo.traffic import Traffic
from tests.proxy.tcp_support import reset
from tests.support.wait import eventually_async


async def test_an_answer_that_breaks_off_is_told_from_none() -> None:
    """The proxy ends it with a reset, which alone would look like a connection that was refused."""

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        await writer.drain()
        reset(writer)

    async with await asyncio.start_server(break_off, "127.0.0.1") as server:
        traffic = Traffic(server.sockets[0].getsockname()[1], rate=100)
        traffic.start()
        await eventually_async(lambda: traffic._tally.failed >= 3)
        tally = await traffic.stop()
    assert set(tally.failures) == {"answer cut off: its replica died while it was writing"}
