"""Errors of a connect that are this machine's own: they tell nothing about the other side."""

import errno
from typing import Final

OUT_OF_SOCKETS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""It is short of what any connection takes."""
OUT_OF_PORTS: Final = errno.EADDRNOTAVAIL
"""It has no port left for the way to one address; to others the same ports may serve."""


def is_own_shortage(error: OSError) -> bool:
    """Whether the connect never reached the other side."""
    return error.errno == OUT_OF_PORTS or error.errno in OUT_OF_SOCKETS
