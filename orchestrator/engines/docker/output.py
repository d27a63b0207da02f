"""What containers write: the engine's frames taken apart, and put together to lines."""

import struct
from collections.abc import Iterator
from typing import Final

# https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
_HEADER: Final = struct.Struct(">BxxxL")
_STREAMS: Final = {1: "stdout", 2: "stderr"}
MAX_LINE: Final = 64 * 2**10
"""Longer lines come in pieces of this many bytes."""


class Frames:
    """Takes chunks as they arrive, gives (stream, bytes). Keeps no more than a header."""

    def __init__(self) -> None:
        self._header = b""
        self._stream = "stdout"
        self._left = 0

    def feed(self, chunk: bytes) -> Iterator[tuple[str, bytes]]:
        """The payload in it; a frame may come in several pieces."""
        while chunk:
            if not self._left:
                chunk = self._begin(chunk)
                continue
            payload, chunk = chunk[: self._left], chunk[self._left :]
            self._left -= len(payload)
            yield self._stream, payload

    def _begin(self, chunk: bytes) -> bytes:
        missing = _HEADER.size - len(self._header)
        self._header += chunk[:missing]
        if len(self._header) == _HEADER.size:
            number, self._left = _HEADER.unpack(self._header)
            self._stream = _STREAMS.get(number, "stdout")
            self._header = b""
        return chunk[missing:]


class Lines:
    """Puts the bytes of each stream together to lines."""

    def __init__(self) -> None:
        self._partial: dict[str, bytes] = {}

    def feed(self, stream: str, payload: bytes) -> Iterator[tuple[str, str]]:
        """Complete lines, and pieces of those beyond all measure."""
        *complete, partial = (self._partial.get(stream, b"") + payload).split(b"\n")
        for line in complete:
            for start in range(0, max(len(line), 1), MAX_LINE):
                yield stream, _text(line[start : start + MAX_LINE])
        while len(partial) > MAX_LINE:
            yield stream, _text(partial[:MAX_LINE])
            partial = partial[MAX_LINE:]
        self._partial[stream] = partial

    def rest(self) -> Iterator[tuple[str, str]]:
        """What follows the last line ends."""
        for stream, partial in self._partial.items():
            if partial:
                yield stream, _text(partial)


def _text(line: bytes) -> str:
    return line.rstrip(b"\r").decode(errors="replace")
