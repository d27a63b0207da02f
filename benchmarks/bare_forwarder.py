"""What the language costs: the least a forwarder on asyncio can do, as a floor under our own.

`python -m benchmarks.bare_forwarder PORT BACKEND_PORT…`: HTTP messages are cut by httptools and
passed on byte for byte, round robin, keep-alive on both sides. No header is read, added or removed,
nothing is checked, counted, limited, timed or tried again; who breaks off breaks all.
"""

import asyncio
import itertools
import sys
from collections.abc import Iterator

import httptools
import uvloop


class Upstream(asyncio.Protocol):
    """A connection to a backend: idle in its pool, or answering a client."""

    def __init__(self, pool: "list[Upstream]") -> None:
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self.client: Client | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = transport.write  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        client = self.client
        self._parser.feed_data(data)
        if client is not None:
            client.write(data)

    def on_message_complete(self) -> None:
        self.client = None
        self._pool.append(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self in self._pool:
            self._pool.remove(self)


class Client(asyncio.Protocol):
    """A connection that asks; a request goes on once it is complete."""

    def __init__(self, turns: Iterator[tuple[int, list[Upstream]]]) -> None:
        self._turns = turns
        self._parser = httptools.HttpRequestParser(self)
        self._request = b""
        self._complete = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = transport.write  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._request += data
        self._parser.feed_data(data)
        if self._complete:
            self._complete = False
            request, self._request = self._request, b""
            port, pool = next(self._turns)
            if pool:
                self._send(pool.pop(), request)
            else:
                asyncio.get_running_loop().create_task(self._connect(port, pool, request))

    def on_message_complete(self) -> None:
        self._complete = True

    async def _connect(self, port: int, pool: list[Upstream], request: bytes) -> None:
        loop = asyncio.get_running_loop()
        _, upstream = await loop.create_connection(lambda: Upstream(pool), "127.0.0.1", port)
        self._send(upstream, request)

    def _send(self, upstream: Upstream, request: bytes) -> None:
        upstream.client = self
        upstream.write(request)


async def serve(port: int, backends: list[int]) -> None:
    """Until it is killed."""
    pools: list[tuple[int, list[Upstream]]] = [(backend, []) for backend in backends]
    turns = itertools.cycle(pools)
    server = await asyncio.get_running_loop().create_server(
        lambda: Client(turns), "127.0.0.1", port, backlog=4096
    )
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
