"""What the demo says of requests that fail."""

from orchestrator.cli.demo.traffic import Traffic
from tests.proxy.replicas import Connection, Replica
from tests.proxy.tcp_support import reset
from tests.support.wait import eventually_async


async def test_an_answer_that_breaks_off_is_told_from_none() -> None:
    """The proxy ends it with a reset, which alone would look like a connection that was refused."""

    async def break_off(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        reset(connection.writer)

    replica = Replica("web-1", break_off)
    await replica.start()
    try:
        traffic = Traffic(replica.port, rate=100)
        traffic.start()
        await eventually_async(lambda: traffic._tally.failed >= 3)
        tally = await traffic.stop()
    finally:
        await replica.stop()
    assert set(tally.failures) == {"answer cut off: its replica died while it was writing"}
