"""Ports for tests that run side by side."""

import random
import socket

# Below the ranges from which Linux (32768) and others (49152) give ports to whoever asks for any.
ASKED_FOR = range(10_000, 32_768)


def free_port() -> int:
    """One that nobody listens on, nor will by chance."""
    return next(port for _ in ASKED_FOR if is_free(port := random.choice(ASKED_FOR)))


def is_free(port: int) -> bool:
    """Whether one could listen there."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
            sock.listen()
        except OSError:
            return False
    return True
