"""TLS at a listener: the contexts of a snapshot's certificates, and the handshake of a new client.

TLS 1.2 and 1.3, HTTP/1.1 only. A client that does not finish its handshake holds a connection for
`HANDSHAKE_S` at most, and counts as one meanwhile.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, cast

from orchestrator.proxy.client import ClientConnection
from orchestrator.proxy.replies import reply
from orchestrator.proxy.syntax import HttpError
from orchestrator.proxy.turning_away import MAX_TURNED_AWAY

if TYPE_CHECKING:
    from orchestrator.model.snapshot import Listener
    from orchestrator.proxy.frontend import Frontend

HANDSHAKE_S: Final = 10.0
# For what is written and the client's good-bye, where no deadline of the connection is nearer.
SHUTDOWN_S: Final = 30.0
WRITE_BUFFER_BYTES: Final = 64 * 1024
# OpenSSL's name for a handshake that begins like an HTTP request.
_PLAIN_HTTP: Final = "HTTP_REQUEST"
_SPEAK_TLS: Final = HttpError(400, "plain HTTP sent to a TLS port: use https", "http_request_error")


class Contexts:
    """The TLS contexts in use, by the file of their certificate."""

    def __init__(self) -> None:
        self._contexts: dict[str, ssl.SSLContext] = {}

    def load(self, files: Iterable[str]) -> None:
        """Have a context for each file, and for no other; a file is read once.

        Raises `LookupError`, with nothing changed, if one cannot be used.
        """
        self._contexts = {
            file: self._contexts.get(file) or _context(file) for file in set(files) if file
        }

    def of(self, listener: "Listener") -> ssl.SSLContext | None:
        """That of a listener; None without TLS."""
        return self._contexts[listener.certificate] if listener.certificate else None


def _context(file: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # A client could have the server compute handshakes without end on one connection.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(file)
    except OSError as error:  # ssl.SSLError is one.
        raise LookupError(f"cannot use the certificate {file}: {error}") from error
    return context


async def welcome(connection: socket.socket, frontend: "Frontend", context: ssl.SSLContext) -> None:
    """Make an accepted connection a client of the frontend, once it has shaken hands.

    Without a word it is cut off if there are too many, does not speak TLS, or is too slow; one that
    speaks plain HTTP is told so.
    """
    most = frontend.listener.limits.max_connections + MAX_TURNED_AWAY
    if len(frontend.clients) + frontend.handshakes >= most:
        connection.close()
        return
    frontend.handshakes += 1
    # A failed handshake closes the connection; this descriptor of it stays for a last word.
    spare = _duplicate(connection)
    try:
        await _shake_hands(connection, frontend, context)
    except ssl.SSLError as error:
        if spare is not None and error.reason == _PLAIN_HTTP:
            _tell(spare)
    finally:
        frontend.handshakes -= 1
        if spare is not None:
            spare.close()


async def _shake_hands(
    connection: socket.socket, frontend: "Frontend", context: ssl.SSLContext
) -> None:
    transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
        lambda: cast(asyncio.Protocol, ClientConnection(frontend, "https")),
        connection,
        ssl=context,
        ssl_handshake_timeout=HANDSHAKE_S,
        ssl_shutdown_timeout=SHUTDOWN_S,
    )
    # As without TLS; uvloop would keep 512 KiB for a client that does not read.
    transport.set_write_buffer_limits(WRITE_BUFFER_BYTES)


def _duplicate(connection: socket.socket) -> socket.socket | None:
    try:
        return connection.dup()
    except OSError:  # Out of descriptors: a client comes before a word to one that errs.
        return None


def _tell(spare: socket.socket) -> None:
    with contextlib.suppress(OSError):
        spare.send(reply(_SPEAK_TLS, keep_alive=False))
        spare.shutdown(socket.SHUT_WR)
