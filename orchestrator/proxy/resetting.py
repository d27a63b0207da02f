"""An end that is an error: a peer must not take what is cut for complete."""

import asyncio
import socket
import struct
from typing import Final

_NO_LINGER: Final = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Cut the connection with an RST. `abort` alone ends it with a FIN, which of a body without a
    length says that it is whole. Not for a transport whose protocol was told that it is lost."""
    sock = transport.get_extra_info("socket")
    if sock is not None:  # TLS has none any more once its client is gone.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
