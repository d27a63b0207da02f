"""TCP mode over real sockets: what passes, and what goes on while routes change."""

import pytest

from orchestrator.model.snapshot import Snapshot
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import get
from tests.proxy.replicas import Connection, answer_with_name
from tests.proxy.tcp_support import (
    BLOCK,
    greet_and_echo,
    in_flight_is,
    name_of,
    read_to_the_end,
    reset,
    said_back,
    say_back,
    talk_to_nobody,
)
from tests.support.wait import eventually_async


async def test_bytes_pass_both_ways_whoever_begins(proxy: Proxy) -> None:
    await proxy.serve(greet_and_echo, protocol="tcp")
    async with await proxy.client() as client:
        assert await name_of(client) == "web-1"
        assert await said_back(client, b"\x00\xff not HTTP\r\n\r\n") == b"\x00\xff not HTTP\r\n\r\n"


async def test_what_a_client_sends_at_once_arrives_in_order(proxy: Proxy) -> None:
    replica = await proxy.serve(say_back, protocol="tcp")
    async with await proxy.client() as client:
        client.writer.write(b"at once ")
        client.writer.write(BLOCK)
        client.writer.write_eof()
        assert await client.rest() == b"at once " + BLOCK
    assert replica.connections == 1


async def test_a_client_that_has_sent_all_still_gets_the_answer(proxy: Proxy) -> None:
    async def count(connection: Connection) -> None:
        data = await connection.reader.read()
        await connection.send(b"%d bytes" % len(data))

    replica = await proxy.serve(count, protocol="tcp")
    async with await proxy.client() as client:
        await client.send(b"x" * 1000)
        client.writer.write_eof()
        assert await client.rest() == b"1000 bytes"
    await eventually_async(lambda: not replica.open)


async def test_a_replica_that_has_sent_all_still_gets_the_rest(proxy: Proxy) -> None:
    async def farewell_then_listen(connection: Connection) -> None:
        await connection.send(b"bye")
        connection.writer.write_eof()
        connection.replica.received += await connection.reader.read()

    replica = await proxy.serve(farewell_then_listen, protocol="tcp")
    async with await proxy.client() as client:
        assert await client.rest() == b"bye"
        await client.send(b"one more thing")
        client.writer.write_eof()
        await eventually_async(lambda: replica.received == b"one more thing")
    await eventually_async(lambda: not replica.open)
    await eventually_async(lambda: in_flight_is(proxy, 0))


async def test_connections_and_their_bytes_are_counted(proxy: Proxy) -> None:
    await proxy.serve(greet_and_echo, protocol="tcp")
    for _ in range(2):
        async with await proxy.client() as client:
            assert await name_of(client) == "web-1"
            assert await said_back(client, b"hello") == b"hello"
    await eventually_async(lambda: in_flight_is(proxy, 0))

    async def is_counted() -> bool:
        stats = await proxy.supervisor.stats()
        one, all_ = stats["endpoints"]["web-1.1"], stats["services"]["web"]
        assert (one["requests"], all_["connections"]) == (2, 0)
        assert (one["bytes_in"], one["bytes_out"]) == (10, 22)
        return bool((all_["bytes_in"], all_["bytes_out"]) == (10, 22))

    await eventually_async(is_counted)


async def test_a_reset_of_the_replica_reaches_the_client_as_one(proxy: Proxy) -> None:
    async def cut(connection: Connection) -> None:
        await connection.reader.readexactly(1)
        reset(connection.writer)

    await proxy.serve(cut, protocol="tcp")
    async with await proxy.client() as client:
        await client.send(b"x")
        with pytest.raises(ConnectionResetError):
            await read_to_the_end(client)
    stats = (await proxy.supervisor.stats())["endpoints"]["web-1.1"]
    assert (stats["resets"], stats["in_flight"]) == (1, 0)


async def test_a_replica_that_cuts_at_once_leaves_nothing(proxy: Proxy) -> None:
    async def cut(connection: Connection) -> None:
        reset(connection.writer)

    await proxy.serve(cut, protocol="tcp")
    for _ in range(5):
        with pytest.raises(ConnectionResetError):
            await talk_to_nobody(proxy.port)
    await eventually_async(lambda: in_flight_is(proxy, 0))


async def test_a_reset_of_the_client_reaches_the_replica_as_one(proxy: Proxy) -> None:
    seen = []

    async def note_the_end(connection: Connection) -> None:
        try:
            await say_back(connection)
        except ConnectionResetError as error:
            seen.append(error)

    replica = await proxy.serve(note_the_end, protocol="tcp")
    client = await proxy.client()
    assert await said_back(client, b"x") == b"x"
    reset(client.writer)
    await eventually_async(lambda: seen)
    await eventually_async(lambda: not replica.open)


async def test_a_long_talk_outlives_changes_of_the_routes(proxy: Proxy) -> None:
    await proxy.serve(greet_and_echo, protocol="tcp")
    async with await proxy.client() as client:
        assert await name_of(client) == "web-1"
        await proxy.replica("web-2", greet_and_echo)
        for turn in range(50):
            message = b"message %d" % turn
            assert await said_back(client, message) == message
            if turn % 10 == 0:
                await proxy.route(protocol="tcp")
    assert proxy.replicas[0].connections == 1


async def test_connections_of_a_leaving_replica_go_on(proxy: Proxy) -> None:
    await proxy.serve(greet_and_echo, protocol="tcp")
    staying = await proxy.replica("web-2", greet_and_echo)
    async with await proxy.client() as client:
        assert await name_of(client) == "web-1"
        await proxy.publish(staying, protocol="tcp")
        for _ in range(2):
            async with await proxy.client() as other:
                assert await name_of(other) == "web-2"
        assert not await proxy.supervisor.drain("web-1.1", 0.05)
        assert await said_back(client, b"still here") == b"still here"
    assert await proxy.supervisor.drain("web-1.1", 5)


async def test_a_service_that_goes_keeps_its_open_connections(proxy: Proxy) -> None:
    await proxy.serve(say_back, protocol="tcp")
    async with await proxy.client() as client:
        assert await said_back(client, b"x") == b"x"
        await proxy.supervisor.publish(Snapshot(proxy.version + 1))
        with pytest.raises(ConnectionRefusedError):
            await proxy.client()
        assert await said_back(client, b"y") == b"y"
    assert await proxy.supervisor.drain("web-1.1", 5)


async def test_a_change_of_protocol_is_for_new_connections(proxy: Proxy) -> None:
    replica = await proxy.serve(answer_with_name)
    async with await proxy.client() as before:
        assert (await before.get()).header("x-replica") == "web-1"
        await proxy.route(protocol="tcp")
        assert (await before.get()).header("x-replica") == "web-1"
        async with await proxy.client() as after:
            passed_on = await after.get()
            assert (passed_on.body, passed_on.header("x-replica")) == (b"web-1", None)
            await proxy.route(protocol="http")
            assert (await after.get()).header("x-replica") is None
    assert (await get(proxy.port)).header("x-replica") == "web-1"
    added = [b"x-forwarded-for" in head.lower() for head in replica.heads]
    assert added == [True, True, False, False, True]
