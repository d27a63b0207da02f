"""What a case of the corpus is."""

from typing import NamedTuple


class Refused(NamedTuple):
    """A request that is answered by the proxy itself."""

    name: str
    reason: str
    """The section of an RFC, or why the proxy is stricter."""
    data: bytes
    status: int = 400


class Accepted(NamedTuple):
    """A request that goes upstream in one defined reading."""

    name: str
    reason: str
    data: bytes
    upstream: tuple[tuple[bytes, bytes], ...]
    """Request line (without the version) and body, as the replica gets them."""
    present: tuple[bytes, ...] = ()
    """Header lines that the replica gets, of the last request."""
    absent: tuple[bytes, ...] = ()
    """Bytes that no replica gets."""


class Faulty(NamedTuple):
    """A response of a replica; its connection never carries another request."""

    name: str
    reason: str
    data: bytes
    status: int | None = 502
    """What the client gets; None: a response that is cut off."""
    body: bytes = b""
    """With a status other than 502: the body the client gets."""
    method: str = "GET"
    ends: bool = False
    """Whether the replica closes the connection after it."""


def get(*headers: bytes, line: bytes = b"GET / HTTP/1.1") -> bytes:
    """A request without a body."""
    return b"\r\n".join((line, *headers)) + b"\r\n\r\n"


def hosted(*headers: bytes, line: bytes = b"GET / HTTP/1.1") -> bytes:
    """The same with a good Host."""
    return get(b"Host: a", *headers, line=line)


def post(*headers: bytes, body: bytes = b"hello") -> bytes:
    """A request with five bytes of body."""
    return hosted(*headers, line=b"POST / HTTP/1.1") + body


def chunked(chunks: bytes, *headers: bytes) -> bytes:
    """A chunked request."""
    return post(b"Transfer-Encoding: chunked", *headers, body=chunks)


def answer(*headers: bytes, body: bytes = b"", line: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """A response."""
    return b"\r\n".join((line, *headers)) + b"\r\n\r\n" + body
