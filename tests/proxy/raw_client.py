"""A client that sends exactly the bytes it is given."""

import asyncio
import contextlib
from dataclasses import dataclass

PATIENCE_S = 5.0


@dataclass
class Response:
    """A response as it came; header names in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first value of a header."""
        return next((value for key, value in self.headers if key == name), None)


class RawClient:
    """One connection to the proxy; every wait has a deadline."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, port: int) -> "RawClient":
        """Open a connection."""
        async with asyncio.timeout(PATIENCE_S):
            return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def __aenter__(self) -> "RawClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send(self, data: bytes) -> None:
        """Write bytes."""
        self.writer.write(data)
        async with asyncio.timeout(PATIENCE_S):
            await self.writer.drain()

    async def get(self, path: str = "/", *headers: str, method: str = "GET") -> Response:
        """Send a request without a body and read the answer."""
        lines = (f"{method} {path} HTTP/1.1", "Host: shop.test", *headers)
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        return await self.response(to_head=method == "HEAD")

    async def post(self, body: bytes, *headers: str, method: str = "POST") -> Response:
        """Send a request with a body and read the answer."""
        lines = (f"{method} / HTTP/1.1", "Host: shop.test", f"Content-Length: {len(body)}")
        await self.send("\r\n".join((*lines, *headers)).encode() + b"\r\n\r\n" + body)
        return await self.response()

    async def head(self) -> Response:
        """A response head."""
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readuntil(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")[:-2]
        pairs = [line.partition(": ") for line in lines]
        return Response(int(status_line.split()[1]), [(k.lower(), v) for k, _, v in pairs], b"")

    async def response(self, to_head: bool = False) -> Response:
        """A response; its body as its headers say, chunked ones with their framing."""
        response = await self.head()
        length = response.header("content-length")
        async with asyncio.timeout(PATIENCE_S):
            if to_head or response.status in (204, 304):
                pass
            elif response.header("transfer-encoding") == "chunked":
                response.body = await self.reader.readuntil(b"0\r\n\r\n")
            elif length is not None:
                response.body = await self.reader.readexactly(int(length))
            elif response.status >= 200:
                response.body = await self.reader.read()
        return response

    async def rest(self) -> bytes:
        """All bytes until the connection ends; a reset ends it too."""
        data = b""
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(ConnectionError):
                while piece := await self.reader.read(1 << 16):
                    data += piece
        return data

    async def close(self) -> None:
        """End the connection."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


async def get(port: int, path: str = "/", *headers: str) -> Response:
    """One request on a connection of its own."""
    async with await RawClient.connect(port) as client:
        return await client.get(path, *headers)
