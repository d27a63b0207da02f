"""Where a message body ends, found while it streams by. No sockets here, and no copies.

Each body takes data with `feed` and returns the buffers to forward. When `done`, `surplus` holds
what came after the body.
"""

import re
from enum import Enum
from typing import Final, Protocol

from orchestrator.proxy.syntax import CHUNKED, CRLF, TOKEN, UNTIL_CLOSE, VALUE, HttpError

Piece = bytes | memoryview

_SIZE_LINE: Final = re.compile(
    rb"([0-9A-Fa-f]{1,15})((?:;" + TOKEN + rb"++(?:=(?:" + TOKEN + rb"++"
    rb"|\"(?:[\t !#-\[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*\"))?)*)"
).fullmatch
_TRAILER_LINE: Final = re.compile(TOKEN + rb"++:" + VALUE + rb"*+").fullmatch
_MAX_LINE_BYTES: Final = 4096
_MAX_TRAILER_BYTES: Final = 32 * 1024


class Body(Protocol):
    """The part of a message after its head."""

    done: bool
    surplus: bytes

    def feed(self, data: bytes) -> list[Piece]:
        """The buffers to forward, in order. Raises `HttpError` (400) on malformed framing."""


class LengthBody:
    """A body of a known number of bytes."""

    __slots__ = ("done", "left", "surplus")

    def __init__(self, length: int) -> None:
        self.left = length
        self.done = False
        self.surplus = b""

    def feed(self, data: bytes) -> list[Piece]:
        """Forward up to the end of the body."""
        size = len(data)
        if size < self.left:
            self.left -= size
            return [data]
        self.done = True
        if size == self.left:
            return [data]
        self.surplus = data[self.left :]
        return [memoryview(data)[: self.left]]


class UntilCloseBody:
    """A body that ends with the connection."""

    __slots__ = ("done", "surplus")

    def __init__(self) -> None:
        self.done = False
        self.surplus = b""

    def feed(self, data: bytes) -> list[Piece]:
        """Forward everything."""
        return [data]


class _Expect(Enum):
    SIZE = "size line"
    DATA = "chunk data"
    DATA_END = "end of a chunk"
    TRAILER = "trailer"


class ChunkedBody:
    """A chunked body (RFC 9112 7.1). Extensions and trailers are checked and dropped.

    `framed=False` forwards the data alone, for HTTP/1.0 clients.
    """

    __slots__ = (
        "_expect", "_framed", "_held", "_left", "_out", "_position", "_start", "_trailer",
        "done", "surplus",
    )  # fmt: skip

    def __init__(self, framed: bool = True) -> None:
        self.done = False
        self.surplus = b""
        self._framed = framed
        self._expect = _Expect.SIZE
        self._held = b""  # an incomplete line, kept back until it can be checked
        self._left = 0
        self._trailer = 0
        self._position = 0
        self._start = 0  # where what is not yet in `_out` begins
        self._out: list[Piece] = []

    def feed(self, data: bytes) -> list[Piece]:
        """Forward what is complete and well-formed. Raises `HttpError` (400)."""
        data = self._held + data if self._held else data
        self._held, self._position, self._start, self._out = b"", 0, 0, []
        while not self.done and self._step(data):
            pass
        if self.done:
            self.surplus = data[self._position :]
        else:
            self._held = data[self._position :]
        if self._framed and self._expect is not _Expect.TRAILER:
            self._cut(data, self._position)
        return self._out

    def _step(self, data: bytes) -> bool:
        """Take one element; False if it is incomplete."""
        if self._expect is _Expect.DATA:
            return self._data(data)
        if self._expect is _Expect.DATA_END:
            return self._data_end(data)
        end = data.find(CRLF, self._position, self._position + _MAX_LINE_BYTES)
        if end < 0:
            if len(data) - self._position >= _MAX_LINE_BYTES:
                raise HttpError(400, f"chunked body: {self._expect.value} too long")
            return False
        if self._expect is _Expect.SIZE:
            self._size(data, end)
        else:
            self._trailer_line(data, end)
        return True

    def _size(self, data: bytes, end: int) -> None:
        match = _SIZE_LINE(data, self._position, end)
        if match is None:
            raise HttpError(400, "chunked body: malformed size line")
        if match[2]:
            self._cut(data, match.end(1), resume=end)
        self._position = end + 2
        self._left = int(match[1], 16)
        self._expect = _Expect.DATA if self._left else _Expect.TRAILER
        if not self._left:
            self._cut(data, self._position)

    def _data(self, data: bytes) -> bool:
        size = min(self._left, len(data) - self._position)
        if not self._framed and size:
            self._out.append(memoryview(data)[self._position : self._position + size])
        self._position += size
        self._left -= size
        if not self._left:
            self._expect = _Expect.DATA_END
        return size > 0

    def _data_end(self, data: bytes) -> bool:
        found = data[self._position : self._position + 2]
        if found == CRLF:
            self._position += 2
            self._expect = _Expect.SIZE
            return True
        if CRLF.startswith(found):
            return False
        raise HttpError(400, "chunked body: chunk longer than its size")

    def _trailer_line(self, data: bytes, end: int) -> None:
        start, self._position = self._position, end + 2
        if start == end:
            self.done = True
            if self._framed:
                self._out.append(CRLF)
            return
        self._trailer += end - start
        if self._trailer > _MAX_TRAILER_BYTES or not _TRAILER_LINE(data, start, end):
            raise HttpError(400, "chunked body: malformed trailer")

    def _cut(self, data: bytes, until: int, resume: int | None = None) -> None:
        """Forward up to `until`, go on at `resume`."""
        if self._framed and until > self._start:
            whole = self._start == 0 and until == len(data)
            self._out.append(data if whole else memoryview(data)[self._start : until])
        self._start = until if resume is None else resume


def body_of(length: int, framed: bool = True) -> Body:
    """The body that a head announces: its number of bytes, `CHUNKED` or `UNTIL_CLOSE`."""
    if length == CHUNKED:
        return ChunkedBody(framed)
    return UntilCloseBody() if length == UNTIL_CLOSE else LengthBody(length)
