"""TCP mode over real sockets."""

import asyncio
import contextlib
import hashlib
import resource
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.model.snapshot import Limits, Listener, Snapshot
from orchestrator.proxy.plane import DataPlane
from orchestrator.proxy.proxy_protocol import proxy_header
from orchestrator.proxy.tcp import Session
from orchestrator.runtime.proxy_supervisor import open_listener
from tests.proxy.conftest import Proxy, endpoint, free_port
from tests.proxy.raw_client import RawClient, get
from tests.proxy.replicas import Connection, Replica, answer_with_name, deaf_port
from tests.proxy.test_resilience import refusing
from tests.support.wait import eventually_async

PATIENCE_S = 10.0
BLOCK = bytes(range(256)) * 256
BLOCKS = 256
# The transport's high-water mark and what one read may add to it.
BUFFER_BOUND = 64 * 1024 + 256 * 1024


async def greet_and_echo(connection: Connection) -> None:
    """Say the replica's name unasked, then everything back."""
    await connection.send(connection.replica.name.encode() + b"\n")
    await say_back(connection)


async def say_back(connection: Connection) -> None:
    while data := await connection.reader.read(1 << 16):
        connection.replica.received += data
        await connection.send(data)


async def name_of(client: RawClient) -> str:
    async with asyncio.timeout(PATIENCE_S):
        return (await client.reader.readline()).decode().strip()


async def said_back(client: RawClient, data: bytes) -> bytes:
    await client.send(data)
    async with asyncio.timeout(PATIENCE_S):
        return await client.reader.readexactly(len(data))


def reset(writer: asyncio.StreamWriter) -> None:
    """Cut a connection with an RST."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def read_to_the_end(client: RawClient) -> None:
    """Raises `ConnectionResetError` if the end is no end."""
    async with asyncio.timeout(PATIENCE_S):
        while await client.reader.read(1 << 16):
            pass


async def talk_to_nobody(port: int) -> None:
    """A connection is there for a moment, then reset; the kernel may tell in either call."""
    async with await RawClient.connect(port) as client:
        await client.send(b"hello")
        await read_to_the_end(client)


async def in_flight(proxy: Proxy, replica: str = "web-1.1") -> int:
    stats = await proxy.supervisor.stats()
    return int(stats["endpoints"][replica]["in_flight"])


async def in_flight_is(proxy: Proxy, count: int) -> bool:
    return await in_flight(proxy) == count


async def connections_are(proxy: Proxy, count: int) -> bool:
    stats = await proxy.supervisor.stats()
    return bool(stats["services"]["web"]["connections"] == count)


# --- what passes


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


# --- memory


class Plane:
    """A data plane in the test's own loop, so that its connections can be looked at."""

    def __init__(self, replica: Replica, **options: Any) -> None:
        self.listener = Listener(
            "web", "127.0.0.1", free_port(), (endpoint(replica),), "tcp", **options
        )
        self.plane = DataPlane(lambda message: None)
        self.plane.add_socket(self.listener.address, open_listener(self.listener))
        self.plane.apply(Snapshot(1, (self.listener,)))

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[RawClient]:
        """A connection."""
        async with await RawClient.connect(self.listener.port) as client:
            yield client

    @property
    def session(self) -> Session:
        """That of the only client, once it is accepted; `AssertionError` before."""
        clients = self.plane._frontends[self.listener.address].clients
        assert clients
        (session,) = clients
        assert isinstance(session, Session)
        return session


@contextlib.asynccontextmanager
async def plane_before(replica: Replica, **options: Any) -> AsyncIterator[Plane]:
    await replica.start()
    running = Plane(replica, **options)
    try:
        yield running
    finally:
        await running.plane.drain(PATIENCE_S)
        running.plane.apply(Snapshot(2))
        await replica.stop()


async def send_blocks(writer: asyncio.StreamWriter) -> None:
    for _ in range(BLOCKS):
        writer.write(BLOCK)
        await writer.drain()
    writer.write_eof()


async def digest_of_rest(reader: asyncio.StreamReader, session: Session, most: list[int]) -> str:
    total = hashlib.sha256()
    while data := await reader.read(1 << 16):
        total.update(data)
        most.append(buffered(session))
    return total.hexdigest()


def buffered(session: Session) -> int:
    """The larger of what waits for the client and what waits for the replica."""
    halves = [half for half in (session.client, session.upstream) if half is not None]
    return max(half.transport.get_write_buffer_size() for half in halves)


def digest_of_all() -> str:
    return hashlib.sha256(BLOCK * BLOCKS).hexdigest()


async def test_nothing_is_lost_when_all_have_to_wait(proxy: Proxy) -> None:
    await proxy.serve(say_back, protocol="tcp")
    async with await proxy.client() as client:
        sending = asyncio.create_task(send_blocks(client.writer))
        writing = client.writer.transport
        await eventually_async(lambda: writing.get_write_buffer_size(), what="the way is full")
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


# --- which replica


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


# --- time


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


# --- coming and going


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


# --- the PROXY protocol


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_the_replica_learns_the_clients_address_first(proxy: Proxy, version: str) -> None:
    replica = await proxy.serve(say_back, protocol="tcp", proxy_protocol=version)
    async with await proxy.client() as client:
        await client.send(b"hello")
        own = client.writer.get_extra_info("sockname")
        expected = proxy_header(version, own, ("127.0.0.1", proxy.port)) + b"hello"
        await eventually_async(lambda: bytes(replica.received) == expected)


def test_version_1_is_a_line() -> None:
    line = proxy_header("v1", ("192.168.0.1", 56324), ("192.168.0.11", 443))
    assert line == b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"
    line = proxy_header("v1", ("fe80::1%eth0", 56324, 0, 2), ("::1", 443, 0, 0))
    assert line == b"PROXY TCP6 fe80::1 ::1 56324 443\r\n"
    assert proxy_header("v1", None, ("::1", 443, 0, 0)) == b"PROXY UNKNOWN\r\n"


def test_version_2_is_binary() -> None:
    signature = bytes.fromhex("0d0a0d0a000d0a515549540a")
    assert proxy_header("v2", ("192.168.0.1", 56324), ("192.168.0.11", 443)) == (
        signature + bytes.fromhex("21 11 000c c0a80001 c0a8000b dc04 01bb")
    )
    client, listener = ("fe80::1", 56324, 0, 0), ("2001:db8::2", 443, 0, 0)
    assert proxy_header("v2", client, listener) == (
        signature
        + bytes.fromhex("21 21 0024 fe800000000000000000000000000001")
        + bytes.fromhex("20010db8000000000000000000000002 dc04 01bb")
    )
    assert proxy_header("v2", None, listener) == signature + bytes.fromhex("20 00 0000")
