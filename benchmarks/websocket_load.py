"""Load by WebSockets: each has one message under way, and sends the next when that is back.

`python -m benchmarks.websocket_load PORT CONNECTIONS SECONDS BYTES` prints JSON: `requests` (the
messages that came back), `requests_s`, `p50_ms`, `p99_ms`. Exit code 1 with a reason on stderr.
"""

import asyncio
import json
import sys
import time
from array import array
from functools import partial
from statistics import quantiles
from typing import cast

import uvloop

from benchmarks.websocket import handshake, message, messages

CONNECT_TIMEOUT_S = 10.0


class Socket(asyncio.Protocol):
    """One WebSocket. `opened` is done once the handshake is, `lost` when the connection is."""

    transport: asyncio.Transport

    def __init__(self, payload: bytes, took_s: "array[float]") -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self._payload, self._message = payload, message(payload)
        self._took_s = took_s
        self._rest = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of `asyncio.Protocol`."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(handshake())

    def send(self) -> None:
        """The next message."""
        self._sent = time.perf_counter()
        self.transport.write(self._message)

    def data_received(self, data: bytes) -> None:
        """Of `asyncio.Protocol`."""
        data = self._rest + data
        if not self.opened.done():
            self._open(data)
            return
        found, self._rest = messages(data)
        if found:
            if found != [self._payload]:
                raise ValueError("another message came back")
            self._took_s.append(time.perf_counter() - self._sent)
            self.send()

    def _open(self, data: bytes) -> None:
        head, end, self._rest = data.partition(b"\r\n\r\n")
        if not end:
            self._rest = data
        elif head.startswith(b"HTTP/1.1 101 "):
            self.opened.set_result(None)
        else:
            self.opened.set_exception(ConnectionError(head.decode("latin-1")))

    def connection_lost(self, exc: Exception | None) -> None:
        """Of `asyncio.Protocol`."""
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(f"closed within the handshake: {exc}"))


async def load(port: int, connections: int, seconds: float, size: int) -> dict[str, float]:
    """So many WebSockets for so long. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    took_s = array("d")
    sockets = []
    for number in range(connections):
        payload = bytes((number + n) % 256 for n in range(size))
        factory = partial(Socket, payload, took_s)
        _, socket = await loop.create_connection(factory, "127.0.0.1", port)
        sockets.append(socket)
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        await asyncio.gather(*(socket.opened for socket in sockets))
    begun = time.perf_counter()
    for socket in sockets:
        socket.send()
    await asyncio.sleep(seconds)
    passed_s = time.perf_counter() - begun
    if lost := sum(socket.transport.is_closing() for socket in sockets):
        raise ConnectionError(f"{lost} of {connections} WebSockets did not last")
    for socket in sockets:
        socket.transport.abort()
    return _figures(took_s, passed_s)


def _figures(took_s: "array[float]", passed_s: float) -> dict[str, float]:
    if len(took_s) < 2:
        raise ConnectionError("no message came back")
    cuts = quantiles(took_s, n=100)
    return {
        "requests": len(took_s),
        "requests_s": len(took_s) / passed_s,
        "p50_ms": cuts[49] * 1e3,
        "p99_ms": cuts[98] * 1e3,
    }


def main() -> None:
    """Command line."""
    port, connections, seconds, size = map(int, sys.argv[1:5])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            print(json.dumps(runner.run(load(port, connections, seconds, size))))
        except (OSError, TimeoutError) as error:
            sys.exit(str(error) or repr(error))


if __name__ == "__main__":
    main()
