"""One line for one slow thing: a spinner on a terminal, begin and end elsewhere."""

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Final

from orchestrator.cli.render.progress import DONE_MARK, FRAMES
from orchestrator.cli.render.words import took
from orchestrator.cli.terminal import Terminal

TICK_S: Final = 0.1
_TO_START_AND_CLEAR: Final = "\r\x1b[K"


class Spinner:
    """Draws ` ⠋ WORDS  1.2s`. `tick` moves it, `end` leaves ` ✔ WORDS  1.2s`."""

    def __init__(self, terminal: Terminal, words: str) -> None:
        self._terminal = terminal
        self._words = words
        self._begin = time.monotonic()
        if not terminal.live:
            terminal.line(f" - {words}")

    def tick(self) -> None:
        """Draw it anew."""
        if self._terminal.live:
            now = time.monotonic()
            frame = self._terminal.paint(FRAMES[int(now * 10) % len(FRAMES)], "cyan")
            self._draw(f" {frame} {self._words}  {took(now - self._begin)}")

    def end(self) -> None:
        """It is done."""
        mark = self._terminal.paint(DONE_MARK, "green")
        if self._terminal.live:
            self._draw("")
        self._terminal.line(f" {mark} {self._words}  {took(time.monotonic() - self._begin)}")

    def _draw(self, text: str) -> None:
        self._terminal.stream.write(_TO_START_AND_CLEAR + text)
        self._terminal.stream.flush()


async def spinner(terminal: Terminal, words: str, done: asyncio.Event) -> None:
    """Spin on the event loop until `done` is set."""
    spin = Spinner(terminal, words)
    while not done.is_set():
        spin.tick()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TICK_S):
                await done.wait()
    spin.end()


@contextlib.contextmanager
def spinning(terminal: Terminal, words: str) -> Iterator[Spinner]:
    """Spin for as long as the context lasts; whoever is inside calls `tick`."""
    spin = Spinner(terminal, words)
    yield spin
    spin.end()
