"""TCP mode: slow sides hold back fast ones, silent ones are let go."""

import asyncio
import hashlib

import pytest

from tests.proxy.conftest import Proxy
from tests.proxy.replicas import Connection, Replica
from tests.proxy.tcp_support import (
    BUFFER_BOUND,
    PATIENCE_S,
    buffered,
    digest_of_all,
    digest_of_rest,
    in_flight,
    plane_before,
    read_to_the_end,
    say_back,
    send_blocks,
)
from tests.support.wait import eventually_async


async def test_nothing_is_lost_when_a_client_reads_late(proxy: Proxy) -> None:
    await proxy.serve(say_back, protocol="tcp")
    async with await proxy.client() as client:
        sending = asyncio.create_task(send_blocks(client.writer))
        writing = client.writer.transport
        # The kernel's buffers on the way grow: they may hold all of it, or be full at any place.
        await eventually_async(lambda: sending.done() or writing.get_write_buffer_size())
        total = hashlib.sha256()
        async with asyncio.timeout(PATIENCE_S):
            while data := await client.reader.read(1 << 16):
                total.update(data)
            await sending
        assert total.hexdigest() == digest_of_all()


async def test_a_slow_client_holds_back_the_replica() -> None:
    async def pour(connection: Connection) -> None:
        await send_blocks(connection.writer)
        await connection.reader.read()

    async with plane_before(Replica("web-1", pour)) as running, running.client() as client:
        await eventually_async(lambda: running.session.client.full, what="the client is full")
        session = running.session
        most = [buffered(session)]
        async with asyncio.timeout(PATIENCE_S):
            assert await digest_of_rest(client.reader, session, most) == digest_of_all()
        assert 0 < max(most) <= BUFFER_BOUND


async def test_a_slow_replica_holds_back_the_client() -> None:
    go_on = asyncio.Event()
    most: list[int] = []
    digests = []

    async def read_late(connection: Connection) -> None:
        await go_on.wait()
        digests.append(await digest_of_rest(connection.reader, session, most))

    async with plane_before(Replica("web-1", read_late)) as running, running.client() as client:
        await eventually_async(lambda: running.session.upstream)
        session = running.session
        sending = asyncio.create_task(send_blocks(client.writer))
        await eventually_async(lambda: session.upstream and session.upstream.full)
        most.append(buffered(session))
        assert not sending.done()
        go_on.set()
        async with asyncio.timeout(PATIENCE_S):
            await sending
            assert await client.rest() == b""
        assert digests == [digest_of_all()]
        assert 0 < max(most) <= BUFFER_BOUND


async def test_a_silent_connection_is_closed(proxy: Proxy) -> None:
    replica = await proxy.serve(say_back, protocol="tcp", idle_timeout_s=0.2)
    async with await proxy.client() as client:
        assert await client.rest() == b""
        assert client.reader.exception() is None
    await eventually_async(lambda: replica.connections == 1 and not replica.open)
    assert await in_flight(proxy) == 0


async def test_what_could_not_be_sent_makes_the_end_an_error() -> None:
    async def pour(connection: Connection) -> None:
        await send_blocks(connection.writer)

    async with plane_before(Replica("web-1", pour)) as running, running.client() as client:
        reading = client.writer.transport
        assert isinstance(reading, asyncio.Transport)
        reading.pause_reading()
        await eventually_async(lambda: running.session.client.full)
        session = running.session

        def is_cut() -> bool:
            if session.client.full:
                session.deadline = 0.0
            return session.client.gone

        await eventually_async(is_cut)
        reading.resume_reading()
        with pytest.raises(ConnectionResetError):
            await read_to_the_end(client)


@pytest.mark.parametrize("who", ["client", "replica"])
async def test_a_byte_of_either_side_prolongs_it(who: str) -> None:
    writers = []

    async def listen(connection: Connection) -> None:
        writers.append(connection.writer)
        await connection.reader.read()

    async with plane_before(Replica("web-1", listen)) as running, running.client() as client:
        await eventually_async(lambda: writers and running.session.upstream)
        session, before = running.session, running.session.deadline

        def prolonged() -> bool:
            (writers[0] if who == "replica" else client.writer).write(b"x")
            return session.deadline > before

        await eventually_async(prolonged)
