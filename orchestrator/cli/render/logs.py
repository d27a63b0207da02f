"""Lines of output with the name of their replica in front, unable to drive the terminal."""

import re
from typing import Final

from orchestrator.cli.terminal import Paint
from orchestrator.model.views import LogView

COLOURS: Final = ("cyan", "yellow", "green", "magenta", "blue")
_SGR = re.compile(r"\x1b\[[0-9;]{0,32}m")
# C0 without the tab, DEL, C1: what a terminal obeys (ECMA-48).
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_RESET: Final = "\x1b[0m"


def log_line(line: LogView, paint: Paint, width: int, *, colour: bool) -> str:
    """`web-2  | text`. The prefix has the replica's own colour, the text its own if allowed."""
    prefix = paint(f"{line.replica:<{width}} |", _colour_of(line.replica))
    return f"{prefix} {tame(line.text, colour=colour)}"


def _colour_of(replica: str) -> str:
    slot = replica.rpartition("-")[2]
    return COLOURS[int(slot) % len(COLOURS) if slot.isdigit() else 0]


def tame(text: str, *, colour: bool) -> str:
    """`text` with control characters spelt out. Colours stay, and end with the line, if `colour`,
    else they are left out."""
    if not colour:
        return _spelt(_SGR.sub("", text))
    parts = [_spelt(part) for part in _SGR.split(text)]
    marks = _SGR.findall(text)
    joined = "".join(part + mark for part, mark in zip(parts, [*marks, ""], strict=True))
    return joined + _RESET if marks else joined


def _spelt(text: str) -> str:
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
