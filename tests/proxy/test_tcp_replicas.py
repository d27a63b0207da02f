"""TCP mode: which replica takes a connection, and what a client sees when none does."""

import asyncio
import contextlib
import resource
import socket
from pathlib import Path

import pytest

from orchestrator.model.snapshot import Balancing, Limits, Outliers
from tests.proxy.conftest import Proxy
from tests.proxy.replicas import Connection, Replica, deaf_port
from tests.proxy.tcp_support import (
    PATIENCE_S,
    connections_are,
    greet_and_echo,
    in_flight_is,
    name_of,
    reset,
    said_back,
    talk_to_nobody,
)
from tests.proxy.test_resilience import refusing
from tests.support.wait import eventually_async


async def test_connections_go_round(proxy: Proxy) -> None:
    for name in ("web-1", "web-2", "web-3"):
        await proxy.replica(name, greet_and_echo)
    await proxy.route(protocol="tcp")
    names = []
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(6):
            client = await stack.enter_async_context(await proxy.client())
            names.append(await name_of(client))
        stats = await proxy.supervisor.stats()
        assert stats["services"]["web"]["connections"] == 6
        assert {one["in_flight"] for one in stats["endpoints"].values()} == {2}
    assert names == ["web-1", "web-2", "web-3"] * 2


async def test_least_requests_counts_connections(proxy: Proxy) -> None:
    for name in ("web-1", "web-2"):
        await proxy.replica(name, greet_and_echo)
    await proxy.route(protocol="tcp", balancing=Balancing("least_requests"))
    async with await proxy.client() as first:
        busy = await name_of(first)
        for _ in range(3):  # One at a time: always the replica that has none.
            async with await proxy.client() as client:
                assert await name_of(client) != busy
            await eventually_async(lambda: connections_are(proxy, 1))


async def test_equal_addresses_go_to_the_same_replica(proxy: Proxy) -> None:
    for name in ("web-1", "web-2", "web-3"):
        await proxy.replica(name, greet_and_echo)
    balancing = Balancing("consistent_hash", hash_balance_percent=1000)
    await proxy.route(protocol="tcp", balancing=balancing)
    names = set()
    for _ in range(4):
        async with await proxy.client() as client:
            names.add(await name_of(client))
    assert len(names) == 1


async def test_refused_connections_go_to_another_replica(proxy: Proxy) -> None:
    good = await proxy.replica("web-3", greet_and_echo)
    await proxy.route(refusing("web-1"), refusing("web-2"), good, protocol="tcp")
    for _ in range(4):
        async with await proxy.client() as client:
            assert await name_of(client) == "web-3"
    assert proxy.suspects == ["web-1.1", "web-2.1"]


async def test_a_connect_that_hangs_goes_to_another_replica(proxy: Proxy) -> None:
    deaf = Replica("web-1")
    with deaf_port() as deaf.port:
        good = await proxy.replica("web-2", greet_and_echo)
        await proxy.route(deaf, good, protocol="tcp", connect_timeout_s=0.2)
        async with await proxy.client() as client:
            await client.send(b"early")
            assert await name_of(client) == "web-2"
            async with asyncio.timeout(PATIENCE_S):
                assert await client.reader.readexactly(5) == b"early"
    assert proxy.suspects == ["web-1.1"]


async def test_a_connect_that_hangs_leaves_with_its_endpoint(proxy: Proxy) -> None:
    deaf = Replica("web-1")
    with deaf_port() as deaf.port:
        await proxy.route(deaf, protocol="tcp", connect_timeout_s=60.0)
        async with await proxy.client() as client:
            await eventually_async(lambda: in_flight_is(proxy, 1))
            await proxy.route(await proxy.replica("web-2", greet_and_echo), protocol="tcp")
            assert await name_of(client) == "web-2"
        assert await proxy.supervisor.drain("web-1.1", 5)


async def test_a_client_that_leaves_meanwhile_leaves_nothing(proxy: Proxy) -> None:
    deaf = Replica("web-1")
    with deaf_port() as deaf.port:
        await proxy.route(deaf, protocol="tcp", connect_timeout_s=60.0)
        client = await proxy.client()
        await eventually_async(lambda: in_flight_is(proxy, 1))
        reset(client.writer)
        await eventually_async(lambda: in_flight_is(proxy, 0))


async def test_without_a_replica_a_client_is_reset(proxy: Proxy) -> None:
    await proxy.publish(protocol="tcp")
    with pytest.raises(ConnectionResetError):
        await talk_to_nobody(proxy.port)


async def test_with_none_that_connects_a_client_is_reset(proxy: Proxy) -> None:
    await proxy.route(refusing("web-1"), refusing("web-2"), protocol="tcp")
    for _ in range(3):
        with pytest.raises(ConnectionResetError):
            await talk_to_nobody(proxy.port)
    late = await proxy.replica("web-3", greet_and_echo)
    await proxy.route(late, protocol="tcp")
    async with await proxy.client() as client:
        assert await name_of(client) == "web-3"


async def test_beyond_the_limit_a_client_is_reset(proxy: Proxy) -> None:
    await proxy.serve(greet_and_echo, protocol="tcp", limits=Limits(max_connections=2))
    async with await proxy.client() as first:
        assert await name_of(first) == "web-1"
        async with await proxy.client() as second:
            assert await name_of(second) == "web-1"
            with pytest.raises(ConnectionResetError):
                await talk_to_nobody(proxy.port)
            assert await said_back(first, b"still here") == b"still here"
        await eventually_async(lambda: connections_are(proxy, 1))
        async with await proxy.client() as third:
            assert await name_of(third) == "web-1"


async def test_running_out_of_descriptors_blames_no_replica(proxy: Proxy) -> None:
    """Fault 43."""
    await proxy.serve(greet_and_echo, protocol="tcp")
    pid = proxy.supervisor.pids[0]
    async with await proxy.client() as client:
        assert await name_of(client) == "web-1"
    await eventually_async(lambda: in_flight_is(proxy, 0))
    in_use = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    # An odd number: a session takes two, so that one is short of its second at last.
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use + 5, in_use + 500))
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(socket.socket()) for _ in range(30)]
        for sock in crowd:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.1", proxy.port))
        await eventually_async(lambda: any(is_reset(sock) for sock in crowd))

    async def serves() -> bool:
        with contextlib.suppress(ConnectionError):
            async with await proxy.client() as client:
                return await name_of(client) == "web-1"
        return False

    await eventually_async(serves)
    assert proxy.suspects == []
    assert proxy.supervisor.pids == [pid]


def is_reset(sock: socket.socket) -> bool:
    """Whether the connection was reset; told once."""
    try:
        sock.recv(1, socket.MSG_PEEK)
    except ConnectionResetError:
        return True
    except BlockingIOError:
        pass
    return False


async def test_a_full_replica_gets_no_more_connections(proxy: Proxy) -> None:
    for name in ("web-1", "web-2"):
        await proxy.replica(name, greet_and_echo)
    await proxy.route(protocol="tcp", limits=Limits(concurrency=1))
    async with await proxy.client() as first:
        taken = await name_of(first)
        async with await proxy.client() as second:
            other = await name_of(second)
            assert {taken, other} == {"web-1", "web-2"}
            with pytest.raises(ConnectionResetError):
                await talk_to_nobody(proxy.port)
        await eventually_async(lambda: connections_are(proxy, 1))
        async with await proxy.client() as third:
            assert await name_of(third) == other


async def test_an_address_connects_no_more_often_than_it_may(proxy: Proxy) -> None:
    limits = Limits(rate_per_s=0.001, rate_burst=2)
    await proxy.replica("web-1", greet_and_echo)
    await proxy.route(protocol="tcp", limits=limits)
    async with await proxy.client() as first, await proxy.client() as second:
        assert await name_of(first) == await name_of(second) == "web-1"
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                await talk_to_nobody(proxy.port)
        assert await said_back(first, b"x") == b"x"


async def cut_at_once(connection: Connection) -> None:
    """Accept, and reset."""
    reset(connection.writer)


async def cut_after_a_byte(connection: Connection) -> None:
    """Say something before the reset."""
    await connection.send(b"?")
    await connection.reader.read(1)
    reset(connection.writer)


TWO = Outliers(consecutive_failures=2, base_ejection_s=60.0)


async def ejections(proxy: Proxy, name: str) -> int:
    stats = await proxy.supervisor.stats()
    return int(stats["endpoints"][f"{name}.1"]["ejections"])


async def test_a_replica_that_resets_at_once_is_ejected(proxy: Proxy) -> None:
    await proxy.replica("web-1", cut_at_once)
    await proxy.replica("web-2", greet_and_echo)
    await proxy.route(protocol="tcp", outliers=TWO)

    async def is_ejected() -> bool:
        with contextlib.suppress(ConnectionResetError):
            await talk_until_named(proxy)
        return await ejections(proxy, "web-1") == 1

    await eventually_async(is_ejected)
    assert set(proxy.suspects) == {"web-1.1"}
    assert {await talk_until_named(proxy) for _ in range(4)} == {"web-2"}


async def test_a_reset_after_a_byte_is_no_failure(proxy: Proxy) -> None:
    await proxy.replica("web-1", cut_after_a_byte)
    await proxy.route(protocol="tcp", outliers=TWO)
    for _ in range(4):
        async with await proxy.client() as client:
            async with asyncio.timeout(PATIENCE_S):
                assert await client.reader.readexactly(1) == b"?"
            await client.send(b"x")
            with contextlib.suppress(ConnectionResetError):
                assert await client.rest() == b""
        await eventually_async(lambda: in_flight_is(proxy, 0))
    assert await ejections(proxy, "web-1") == 0


async def test_with_too_few_left_all_get_connections_again(proxy: Proxy) -> None:
    names = ("web-1", "web-2", "web-3")
    for name in names:
        await proxy.replica(name, cut_at_once)
    panic = Outliers(1, base_ejection_s=60.0, max_ejected_percent=100, panic_percent=50)
    await proxy.route(protocol="tcp", outliers=panic)

    async def panics() -> bool:
        with contextlib.suppress(ConnectionResetError):
            await talk_to_nobody(proxy.port)
        return sum([await ejections(proxy, name) for name in names]) >= 2

    await eventually_async(panics)
    before = [replica.connections for replica in proxy.replicas]

    async def all_are_tried() -> bool:
        with contextlib.suppress(ConnectionResetError):
            await talk_to_nobody(proxy.port)
        after = [replica.connections for replica in proxy.replicas]
        return all(now > then for then, now in zip(before, after, strict=True))

    await eventually_async(all_are_tried)


async def talk_until_named(proxy: Proxy) -> str:
    """The name of the replica that a new connection gets to."""
    async with await proxy.client() as client:
        return await name_of(client)
