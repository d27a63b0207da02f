"""A backend that echoes WebSocket messages: `python -m benchmarks.websocket_echo PORT…`."""

import asyncio
import base64
import hashlib
import re
import sys
from typing import Final, cast

import uvloop

from benchmarks.websocket import answer, requests

_ACCEPT: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY: Final = re.compile(rb"\r\nsec-websocket-key: *(\S+)\r\n", re.IGNORECASE)
_END: Final = b"\r\n\r\n"


class Echo(asyncio.Protocol):
    """One WebSocket, from its handshake to its end."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._rest = b""
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Of `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Of `asyncio.Protocol`."""
        data = self._rest + data
        if not self._open:
            head, end, data = data.partition(_END)
            if not end:
                self._rest = head
                return
            self._accept(head + end)
        found, self._rest = requests(data)
        if found:
            self._transport.write(b"".join(map(answer, found)))

    def _accept(self, head: bytes) -> None:
        key = _KEY.search(head)
        if key is None:
            self._transport.write(b"HTTP/1.1 400 no WebSocket\r\nContent-Length: 0\r\n\r\n")
            self._transport.close()
            return
        self._open = True
        accept = base64.b64encode(hashlib.sha1(key[1] + _ACCEPT).digest())
        self._transport.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + _END
        )


async def serve(ports: list[int]) -> None:
    """Until it is killed."""
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Echo, "127.0.0.1", port, backlog=4096) for port in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve([int(port) for port in sys.argv[1:]]))
