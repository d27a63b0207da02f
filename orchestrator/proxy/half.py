"""One of the two connections that TCP mode joins: what it reads is written to the other."""

import asyncio
from typing import TYPE_CHECKING, cast

from orchestrator.proxy.backpressure import Holdable
from orchestrator.proxy.resetting import reset

if TYPE_CHECKING:
    from orchestrator.proxy.tcp import Session


class Half(Holdable):
    """One of the two connections. What arrives before there is an `other` waits for it."""

    __slots__ = (
        "_early", "ended", "error", "full", "gone", "other", "received", "session",
    )  # fmt: skip

    def __init__(self, session: "Session") -> None:
        self.session = session
        self.other: Half | None = None
        self.ended = False  # its peer sends no more
        self.full = False  # its peer does not take what we write
        self.gone = False
        self.error: Exception | None = None  # what it was lost by, if not closed
        self.received = 0  # bytes
        self.held = False
        self._early = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Bytes for the other side."""
        if not self.received:
            self.session.spoke(self)
        self.received += len(data)
        if self.other is None:
            self._early += data
            self.hold()
        else:
            self.session.touch()
            self.other.transport.write(data)

    def join(self, other: "Half") -> None:
        """From here on what this one reads goes to `other`."""
        self.other = other
        if self._early:
            other.transport.write(self._early)
            self._early = b""
        if self.ended:
            other.transport.write_eof()
        if not other.full:
            self.release()

    def hold(self) -> None:
        """Stop reading, unless there is nothing more to read."""
        if not self.ended:
            super().hold()

    def pause_writing(self) -> None:
        """Its peer is slower than the other's: stop reading the other."""
        self.full = True
        if self.other is not None:
            self.other.hold()

    def resume_writing(self) -> None:
        """It has caught up."""
        self.full = False
        self.session.touch()
        if self.other is not None:
            self.other.release()

    def eof_received(self) -> bool:
        """One direction is over; that of the other side goes on."""
        self.ended = True
        if self.other is not None:
            self.session.touch()
            self.other.transport.write_eof()
            if self.other.ended:
                self.session.complete()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        """Closed."""
        self.gone, self.error = True, exc
        self.session.lost(self, exc)

    def reset(self) -> None:
        """Cut the connection so that its peer sees an error, not an end."""
        if not self.gone:
            reset(self.transport)

    @property
    def heard(self) -> int | None:
        """Another value once more has come; None where silence means nothing: its peer has said
        all, or is not listened to while the other side is slow."""
        return None if self.held or self.ended else self.received

    def vanish(self) -> None:
        """Its peer is gone without a word: the other side is reset, as if this one had been."""
        self.transport.abort()

    def cut(self) -> None:
        """Close at once; as an error if its peer has not got everything."""
        if self.transport.get_write_buffer_size():
            self.reset()
        else:
            self.transport.close()


class ClientHalf(Half):
    """The connection of a client; `peer`: its address."""

    __slots__ = ("peer",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A new client."""
        super().connection_made(transport)
        self.peer: str = (transport.get_extra_info("peername") or ("unknown",))[0]
        self.session.begin()
