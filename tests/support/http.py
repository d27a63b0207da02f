"""Requests without a library in between, and a steady load of them."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

PAUSE_S = 0.01


@dataclass(frozen=True)
class Answer:
    """Status, headers by lower-case name, body."""

    status: int
    headers: dict[str, str]
    body: str


async def get(address: str, path: str = "/", timeout: float = 10.0, method: str = "GET") -> Answer:
    """One request on a connection of its own. `address` is host:port. Raises `OSError`."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            return await _ask(reader, writer, address, path, method)
        finally:
            writer.transport.abort()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, path: str, method: str
) -> Answer:
    head_sent = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n"
    writer.write(head_sent.encode())
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
    except EOFError as error:
        raise ConnectionResetError("closed in the middle of an answer") from error
    return Answer(int(head[0].split()[1]), headers, body.decode())


@dataclass
class Traffic:
    """What a load has seen so far."""

    answers: Counter[str] = field(default_factory=Counter)
    """How often each replica answered with 200."""
    failures: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """Requests answered well."""
        return self.answers.total()


@contextlib.asynccontextmanager
async def load(
    address: str, clients: int = 2, path: str = "/", method: str = "GET"
) -> AsyncIterator[Traffic]:
    """Requests, one after the other on each of `clients` kept connections, until the block ends.

    A proxy may send a GET again that failed; a POST that fails is lost.
    """
    traffic = Traffic()
    stop = asyncio.Event()
    request = (address, path, method)
    tasks = [asyncio.create_task(_client(request, traffic, stop)) for _ in range(clients)]
    try:
        yield traffic
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def _client(request: tuple[str, str, str], traffic: Traffic, stop: asyncio.Event) -> None:
    host, _, port = request[0].removeprefix("http://").rpartition(":")
    while not stop.is_set():
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
        except OSError as error:
            traffic.failures.append(f"connect: {error}")
            await _pause(stop)
            continue
        try:
            await _on_connection(reader, writer, request, traffic, stop)
        except OSError as error:
            traffic.failures.append(str(error))
        finally:
            writer.transport.abort()


async def _on_connection(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    request: tuple[str, str, str], traffic: Traffic, stop: asyncio.Event,
) -> None:  # fmt: skip
    while not stop.is_set():
        async with asyncio.timeout(20):
            answer = await _ask(reader, writer, *request)
        if answer.status == 200:
            traffic.answers[answer.body] += 1
        else:
            traffic.failures.append(f"{answer.status} {answer.body}")
        if answer.headers.get("connection", "").lower() == "close":
            return
        await _pause(stop)


async def _pause(stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), PAUSE_S)
