"""As much of RFC 6455 as an echo needs: whole binary messages of one frame each."""

import struct
from typing import Final

SHORT: Final = 125
MEDIUM: Final = 2**16 - 1
_FINAL_BINARY: Final = 0x82
_MASKED: Final = 0x80
_CLOSE: Final = 0x88
# Masking is there against middleboxes that mistake payload for HTTP. A key of zeros is a key like
# any other, and costs neither side anything.
_KEY: Final = bytes(4)


def handshake(path: str = "/ws") -> bytes:
    """The request that opens a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


def message(payload: bytes) -> bytes:
    """A message as a client sends it."""
    return _head(len(payload), _MASKED) + _KEY + payload


def answer(payload: bytes) -> bytes:
    """A message as a server sends it."""
    return _head(len(payload), 0) + payload


def _head(size: int, masked: int) -> bytes:
    if size <= SHORT:
        return bytes((_FINAL_BINARY, masked | size))
    if size <= MEDIUM:
        return struct.pack("!BBH", _FINAL_BINARY, masked | 126, size)
    return struct.pack("!BBQ", _FINAL_BINARY, masked | 127, size)


def messages(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages in what a server sent, and the rest. Raises `ValueError` for others than
    binary messages of one frame."""
    return _cut(data, 0)


def requests(data: bytes) -> tuple[list[bytes], bytes]:
    """The same of what a client sent."""
    return _cut(data, len(_KEY))


def _cut(data: bytes, key_bytes: int) -> tuple[list[bytes], bytes]:
    found, at = [], 0
    while len(data) >= at + 2:
        if data[at] != _FINAL_BINARY:
            raise ValueError("the other side closes" if data[at] == _CLOSE else "no whole message")
        size, head = data[at + 1] & ~_MASKED, 2
        if size > SHORT:
            head = 4 if size == 126 else 10
            size = int.from_bytes(data[at + 2 : at + head])
        begin = at + head + key_bytes
        if len(data) < begin + size:
            break
        found.append(_unmasked(data[begin : begin + size], data[at + head : begin]))
        at = begin + size
    return found, data[at:]


def _unmasked(payload: bytes, key: bytes) -> bytes:
    if not any(key):
        return payload
    keys = (key * (len(payload) // 4 + 1))[: len(payload)]
    size = len(payload)
    return (int.from_bytes(payload) ^ int.from_bytes(keys)).to_bytes(size)
