"""Where output goes, and whether anything but plain lines may go there."""

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TextIO

from orchestrator.cli.render.palette import TERMINAL

# SGR parameters (ECMA-48), by the names that the rest of the command line uses.
_CODES: Final = {
    "bold": "1",
    "dim": "2",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
    **{f"service-{number}": f"38;5;{code}" for number, code in enumerate(TERMINAL)},
}

Paint = Callable[[str, str], str]
"""Text and the name of a style ("" for none) → text to print."""


def plain(text: str, _style: str) -> str:
    """A `Paint` that leaves text as it is."""
    return text


def coloured(text: str, style: str) -> str:
    """A `Paint` for terminals."""
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style and text else text


@dataclass(frozen=True, slots=True)
class Terminal:
    """One output stream. `live`: a terminal that can be redrawn; `colour`: that may be coloured."""

    stream: TextIO
    live: bool
    colour: bool

    @classmethod
    def of(cls, stream: TextIO) -> "Terminal":
        """What `stream` allows. NO_COLOR (https://no-color.org) and TERM=dumb are respected."""
        live = stream.isatty() and os.environ.get("TERM") != "dumb"
        return cls(stream, live, live and not os.environ.get("NO_COLOR"))

    @property
    def paint(self) -> Paint:
        """How to colour text for this stream."""
        return coloured if self.colour else plain

    def line(self, text: str = "") -> None:
        """Print one line at once."""
        self.stream.write(text + "\n")
        self.stream.flush()

    def lines(self, texts: Iterable[str]) -> None:
        """Print several lines."""
        for text in texts:
            self.stream.write(text + "\n")
        self.stream.flush()


def standard_output() -> Terminal:
    """Data goes here."""
    return Terminal.of(sys.stdout)


def standard_error() -> Terminal:
    """Errors, notes and progress go here."""
    return Terminal.of(sys.stderr)
