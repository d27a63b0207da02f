"""Ctrl-C and its like, for a command that has to clean up before it ends."""

import asyncio
import signal
from collections.abc import Callable
from typing import Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """From now on SIGINT, SIGTERM and SIGHUP set `stop`; each further one calls `again`."""

    def __init__(self, again: Callable[[], None]) -> None:
        self.stop = asyncio.Event()
        self._again = again
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._interrupt)

    def _interrupt(self) -> None:
        if self.stop.is_set():
            self._again()
        self.stop.set()
