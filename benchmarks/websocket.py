"""As much of RFC 6455 as a client needs that sends whole messages and gets them back."""

import struct
from typing import Final

SHORT: Final = 125
MEDIUM: Final = 2**16 - 1
_FINAL_BINARY: Final = 0x82
_MASKED: Final = 0x80
_CLOSE: Final = 0x88
# Masking is there against middleboxes that mistake payload for HTTP. A key of zeros is a key like
# any other, and costs the client nothing.
_KEY: Final = bytes(4)


def handshake(path: str = "/ws") -> bytes:
    """The request that opens a WebSocket."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    ).encode()


def message(payload: bytes) -> bytes:
    """A binary message of one frame, as a client sends it."""
    size = len(payload)
    if size <= SHORT:
        head = bytes((_FINAL_BINARY, _MASKED | size))
    elif size <= MEDIUM:
        head = struct.pack("!BBH", _FINAL_BINARY, _MASKED | 126, size)
    else:
        head = struct.pack("!BBQ", _FINAL_BINARY, _MASKED | 127, size)
    return head + _KEY + payload


def messages(data: bytes) -> tuple[list[bytes], bytes]:
    """The whole messages in what a server sent, and the rest. Raises `ValueError` for anything but
    binary messages of one frame."""
    found, at = [], 0
    while len(data) >= at + 2:
        if data[at] != _FINAL_BINARY:
            raise ValueError("the server closes" if data[at] == _CLOSE else "no binary message")
        size, head = data[at + 1], 2
        if size > SHORT:
            head = 4 if size == 126 else 10
            size = int.from_bytes(data[at + 2 : at + head])
            if len(data) < at + head:
                break
        if len(data) < at + head + size:
            break
        found.append(data[at + head : at + head + size])
        at += head + size
    return found, data[at:]
