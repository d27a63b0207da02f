"""Free ports for replicas, leased machine-wide from choice to the replica's end."""

import contextlib
import random
import socket
import sys
from dataclasses import dataclass
from typing import Final, Self

from orchestrator.model.errors import EngineError

# Below the range from which systems take the ports of outgoing connections (Linux 32768-60999,
# macOS and RFC 6335 49152-65535): nobody is given one of these by chance.
FIRST: Final = 20_000
LAST: Final = 31_999


@dataclass(frozen=True, slots=True)
class Lease:
    """A port and what keeps it ours for as long as any process holds `lock` open."""

    port: int
    lock: socket.socket | None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.lock is not None:
            self.lock.close()


class PortPool:
    """Hands out ports in turn, so that one that was freed rests for a long while: a proxy with
    an old list then meets nobody there instead of a stranger."""

    def __init__(self) -> None:
        self._next = random.randrange(FIRST, LAST + 1)  # noqa: S311

    def lease(self) -> Lease:
        """A port nobody listens on and no other engine on this machine has leased.

        Raises `EngineError` when all are taken.
        """
        for _ in range(LAST - FIRST + 1):
            port = self._advance()
            try:
                lock = _lock(port)
            except OSError:
                continue
            if _is_free(port):
                return Lease(port, lock)
            if lock is not None:
                lock.close()
        raise EngineError(
            f"no free port between {FIRST} and {LAST}", remedy="stop some services and try again"
        )

    def _advance(self) -> int:
        port = self._next
        self._next = FIRST if port == LAST else port + 1
        return port


def _lock(port: int) -> socket.socket | None:
    """An abstract Unix socket is a lock with the scope of ports (the network namespace), that
    lives in no file and ends with its last holder. Elsewhere there is none: None.

    Raises `OSError` when another holds it.
    """
    if sys.platform != "linux":
        return None
    lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        lock.bind(f"\0orchestrator-port-{port}")
    except OSError:
        lock.close()
        raise
    return lock


def _is_free(port: int) -> bool:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True
