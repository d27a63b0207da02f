"""A client that keeps to HTTP/1.1 and notes all it sees. Framing is read strictly, so that a
proxy which mixes up answers is found out."""

import asyncio
import random
import re
import socket
import time
from collections.abc import AsyncIterator
from typing import Final

from benchmarks.soak.backend import content
from benchmarks.soak.verdict import Sent

LARGEST_CHUNK: Final = 40_000
_REPLICA: Final = re.compile(r"replica (\S+) ")


class Wanted:
    """A request to be sent, and the answer it is to get."""

    def __init__(
        self, sent: Sent, answer_bytes: int, takes_ms: int, chunked: bool, answer_chunked: bool
    ) -> None:
        self.sent, self.answer_bytes = sent, answer_bytes
        self._chunked = chunked
        self._target = f"/run?answer={answer_bytes}&ms={takes_ms}{'&chunked=1' * answer_chunked}"

    def head(self, close: bool = False) -> bytes:
        """The request's head."""
        sent = self.sent
        lines = [
            f"{sent.method} {self._target} HTTP/1.1",
            "Host: soak",
            f"X-Id: {sent.id}",
        ]
        if self._chunked:
            lines.append("Transfer-Encoding: chunked")
        elif sent.body_bytes or sent.method != "GET":
            lines.append(f"Content-Length: {sent.body_bytes}")
        if close:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode()

    def pieces(self, rng: random.Random) -> list[bytes]:
        """The request's body as it is on the wire."""
        body = content(self.sent.id, self.sent.body_bytes)
        if not self._chunked:
            return [body] if body else []
        pieces, at = [], 0
        while at < len(body):
            chunk = body[at : at + rng.randint(1, LARGEST_CHUNK)]
            pieces.append(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            at += len(chunk)
        return [*pieces, b"0\r\n\r\n"]


class Client:
    """One connection. `open` is false once the server will take no more requests on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.open = True
        self.idle_since = time.monotonic()

    @property
    def ended(self) -> bool:
        """Whether the server has closed it: a client sees that before it sends the next one."""
        return self._reader.at_eof() or self._reader.exception() is not None

    @classmethod
    async def connect(cls, port: int, receive_bytes: int = 0) -> "Client":
        """`receive_bytes`: a small window for a client that reads slowly; 0: the system's."""
        sock = socket.socket()
        if receive_bytes:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        except BaseException:
            sock.close()
            raise
        return cls(*await asyncio.open_connection(sock=sock, limit=receive_bytes or 2**16))

    async def send(self, wanted: Wanted, rng: random.Random, close: bool = False) -> None:
        """All of a request. Raises `OSError`."""
        self._writer.write(wanted.head(close))
        for piece in wanted.pieces(rng):
            self._writer.write(piece)
            await self._writer.drain()
        await self._writer.drain()

    async def receive(self, wanted: Wanted, pause_s: float = 0.0) -> None:
        """Read one answer and note it. Raises `OSError`, `EOFError` or `ValueError`."""
        sent = wanted.sent
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        sent.status = int(head[0].split()[1])
        sent.replica = fields.get("x-replica", "")
        if fields.get("connection") == "close":
            self.open, sent.closing = False, True
        body = bytearray()
        async for piece in self._body(fields):
            body += piece
            if pause_s:
                await asyncio.sleep(pause_s)
        sent.complete = True
        if sent.status == 200:
            sent.intact = body == content(sent.id, wanted.answer_bytes)
        else:
            sent.error = body.decode(errors="replace").strip()
            named = _REPLICA.search(sent.error)
            sent.replica = named[1] if named else ""

    async def _body(self, fields: dict[str, str]) -> AsyncIterator[bytes]:
        if fields.get("transfer-encoding") == "chunked":
            while size := int(await self._reader.readuntil(b"\r\n"), 16):
                yield await self._reader.readexactly(size)
                await self._end_of_chunk()
            await self._end_of_chunk()
            return
        left = int(fields["content-length"])
        while left:
            piece = await self._reader.read(min(left, 16 * 1024))
            if not piece:
                raise EOFError(f"{left} bytes missing")
            left -= len(piece)
            yield piece

    async def _end_of_chunk(self) -> None:
        if await self._reader.readexactly(2) != b"\r\n":
            raise ValueError("no end of a chunk")

    def close(self) -> None:
        """Let go of it."""
        self.open = False
        self._writer.transport.abort()
