"""What commands print on a terminal, in colour, as a page that a browser can photograph."""

import io
import os
import pty
import subprocess
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS: Final = 108
STYLE: Final = "margin: 0; padding: 16px; width: max-content; font: 14px/1.35 monospace"


def printed(argv: Sequence[str], environment: Mapping[str, str], cwd: str) -> str:
    """What a command writes to a terminal of its own, with its colours."""
    ours, theirs = pty.openpty()
    size = {"COLUMNS": str(COLUMNS), "LINES": "40", "TERM": "xterm-256color"}
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=cwd,
        env={**environment, **size},
    ):  # fmt: skip
        os.close(theirs)
        said = b"".join(_until_closed(ours))
    os.close(ours)
    return said.decode(errors="replace").replace("\r\n", "\n")


def _until_closed(terminal: int) -> Sequence[bytes]:
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux's way to say that nobody writes any more.
            return parts
        if not part:
            return parts
        parts.append(part)


def page(session: Sequence[tuple[str, str]]) -> str:
    """HTML of commands and what each printed."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for command, output in session:
        console.print(Text(f"$ {command}", style="bold"))
        console.print(Text.from_ansi(output.rstrip()))
        console.print()
    code = f'<pre style="{STYLE}; color: {{foreground}}; background: {{background}}">{{code}}</pre>'
    return console.export_html(theme=MONOKAI, inline_styles=True, code_format=code)
