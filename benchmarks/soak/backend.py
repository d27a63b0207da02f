"""A replica of the soak: tells the ledger what it has executed, then answers.

`/run?answer=N&ms=M` executes the request named by `X-Id` and answers, M milliseconds later, N bytes
that only this id gives; `&chunked=1` without telling their number. `/ws` echoes. What it told is
out of this process before the answer is, so that its own SIGKILL takes nothing back.
"""

import asyncio
import os
import socket
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

ID_HEADER: Final = b"x-id"
LEDGER_VARIABLE: Final = "LEDGER"
"""`HOST:PORT` of the ledger; without HOST it is where this replica's default route goes."""
CHUNK_BYTES: Final = 16 * 1024


def content(request_id: str, size: int) -> bytes:
    """The body of so many bytes that belongs to an id, in requests and in answers."""
    word = f"{request_id} ".encode()
    return (word * (size // len(word) + 1))[:size]


def digest(body: bytes) -> str:
    """What the ledger keeps of a body."""
    return blake2b(body, digest_size=8).hexdigest()


class Ledger:
    """The way to the ledger: one line for each request that is executed."""

    def __init__(self, address: str, replica: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host or default_gateway(), int(port)), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._replica = replica

    def tell(self, request_id: str, body: bytes) -> None:
        """The kernel has it on return, and delivers it even when this process is killed."""
        self._socket.sendall(f"{request_id} {digest(body)} {self._replica}\n".encode())


def default_gateway() -> str:
    """The host as a container sees it: fields of /proc/net/route are little-endian hex."""
    for line in Path("/proc/net/route").read_text().splitlines()[1:]:
        _, target, gateway, *_ = line.split()
        if target == "00000000":
            return socket.inet_ntoa(bytes.fromhex(gateway)[::-1])
    raise OSError("no default route: where is the ledger?")


class App:
    """ASGI 3."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """One request or WebSocket."""
        if scope["type"] == "websocket":
            from sample_app.websocket import echo

            await echo(scope, receive, send)
        elif scope["path"] == "/run":
            await self._run(scope, receive, send)
        else:
            await _answer(send, b"", 200 if scope["path"] == "/healthz" else 404)

    async def _run(self, scope: Any, receive: Any, send: Any) -> None:
        body = await _body(receive)
        if body is None:
            return
        request_id = dict(scope["headers"])[ID_HEADER].decode()
        wanted = parse_qs(scope["query_string"].decode())
        half_s = int(wanted["ms"][0]) / 2000
        # Killed before or after the line: both happen.
        await asyncio.sleep(half_s)
        self._ledger.tell(request_id, body)
        await asyncio.sleep(half_s)
        answer = content(request_id, int(wanted["answer"][0]))
        await _answer(send, answer, chunked="chunked" in wanted)


async def _body(receive: Any) -> bytes | None:
    """None if the client left before it had sent all: then nothing is executed."""
    body = bytearray()
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return None
        body += event.get("body", b"")
        if not event.get("more_body"):
            return bytes(body)


async def _answer(send: Any, body: bytes, status: int = 200, chunked: bool = False) -> None:
    headers = [] if chunked else [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for at in range(0, len(body), CHUNK_BYTES):
        piece = body[at : at + CHUNK_BYTES]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """Serve on $PORT until SIGTERM."""
    import signal

    from sample_app.server import SampleServer, configure, leave

    signal.signal(signal.SIGTERM, leave)
    name = f"{os.environ['ORCH_SERVICE']}-{os.environ['ORCH_SLOT']}.{os.environ['ORCH_ATTEMPT']}"
    config = configure(int(os.environ["PORT"]))
    config.app = App(Ledger(os.environ[LEDGER_VARIABLE], name))
    SampleServer(config).run()


if __name__ == "__main__":
    main()
