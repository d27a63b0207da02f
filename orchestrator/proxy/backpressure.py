"""A connection that is not read while those it feeds are full: its peer waits, nothing piles up."""

import asyncio


class Holdable:
    """`held`: not reading. Who inherits sets it to False, and `transport` once there is one.

    A protocol to asyncio, though not by name: what is compiled inherits from what is compiled.
    """

    __slots__ = ("held", "transport")

    transport: asyncio.Transport
    held: bool

    def hold(self) -> None:
        """Stop reading."""
        if not self.held:
            self.held = True
            self.transport.pause_reading()

    def release(self) -> None:
        """Read on."""
        if self.held:
            self.held = False
            self.transport.resume_reading()
