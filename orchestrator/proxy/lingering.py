"""The end of a client's connection that lets it read what was written (nginx: lingering_close).

Closing with unread input resets the connection, which destroys the response on its way (RFC 9112
9.6). So: send the end, read and drop what comes, for a short time.
"""

from typing import TYPE_CHECKING, Final

from orchestrator.proxy.resetting import reset

if TYPE_CHECKING:
    from orchestrator.proxy.client import ClientConnection

LINGER_S: Final = 2.0
# A client that takes nothing for so long is given up (nginx send_timeout).
SEND_TIMEOUT_S: Final = 60.0


class Linger:
    """While a client has one, it drops what it reads."""

    __slots__ = ("_client", "unsent")

    def __init__(self, client: "ClientConnection") -> None:
        self._client = client
        self.unsent = 0  # bytes, when last looked at

    def begin(self) -> None:
        """Send the end."""
        client = self._client
        client.deadline = client.frontend.clock.now + LINGER_S
        client.release()
        if not client.transport.is_closing():
            # TLS has no half-close: its closing handshake itself reads on and drops what comes.
            tls = client.scheme != "http"
            client.transport.close() if tls else client.transport.write_eof()

    def expire(self) -> None:
        """Time is over, unless the client is still taking in the last response, slow as it is."""
        client = self._client
        unsent = client.transport.get_write_buffer_size()
        if unsent and unsent != self.unsent:
            self.unsent = unsent
            client.deadline = client.frontend.clock.now + SEND_TIMEOUT_S
        elif unsent:
            reset(client.transport)
        else:
            client.transport.abort()
