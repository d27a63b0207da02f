"""The voice of the demo: what happens, the command a person would type, what was measured."""

import time
from collections.abc import Iterable

from orchestrator.cli.terminal import Terminal


class Narrator:
    """Prints to one terminal, with the time since it began in front of each step."""

    def __init__(self, terminal: Terminal) -> None:
        self.terminal = terminal
        self._begin = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Since the demo began."""
        return time.monotonic() - self._begin

    def step(self, title: str, command: str = "") -> None:
        """A new step, with the command that does the same by hand."""
        paint = self.terminal.paint
        self.terminal.line()
        self.terminal.line(f"{paint(f'[{self.elapsed_s:4.1f}s]', 'dim')} {paint(title, 'bold')}")
        if command:
            self.terminal.line(f"        {paint('$ ' + command, 'cyan')}")

    def say(self, text: str = "") -> None:
        """An indented line."""
        self.terminal.line(f"        {text}")

    def show(self, lines: Iterable[str]) -> None:
        """Several of them."""
        for line in lines:
            self.say(line)
