"""Services that do not speak HTTP, and a data plane that can be looked into."""

import asyncio
import contextlib
import hashlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import Any

from orchestrator.model.snapshot import Listener, Snapshot
from orchestrator.proxy.plane import DataPlane
from orchestrator.proxy.tcp import Session
from orchestrator.runtime.proxy_supervisor import open_listener
from tests.proxy.conftest import Proxy, endpoint
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Connection, Replica
from tests.support.ports import free_port

PATIENCE_S = 10.0
BLOCK = bytes(range(256)) * 256
BLOCKS = 256
# The transport's high-water mark and what one read may add to it.
BUFFER_BOUND = 64 * 1024 + 256 * 1024
NO_LINGER = struct.pack("ii", 1, 0)


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
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
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


class Plane:
    """A data plane in the test's own loop, so that its connections can be looked at."""

    def __init__(self, replica: Replica, **options: Any) -> None:
        options = {"protocol": "tcp", **options}
        self.listener = Listener("web", "127.0.0.1", free_port(), (endpoint(replica),), **options)
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
        clients = self.plane.frontends[self.listener.service].clients
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
