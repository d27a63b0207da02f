"""Output of replicas cannot drive the terminal."""

import pytest

from orchestrator.cli.render.logs import log_line, tame
from orchestrator.cli.terminal import coloured, plain
from orchestrator.model.views import LogView


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain\ttext ü", "plain\ttext ü"),
        ("over\rwritten", "over\\x0dwritten"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x1b[2J\x1b[H", "\\x1b[2J\\x1b[H"),
        ("\x9b2J", "\\x9b2J"),
        ("del\x7f", "del\\x7f"),
        ("\x1b[31mred\x1b[0m", "red"),
    ],
)
def test_without_colour(raw: str, shown: str) -> None:
    """Control characters are spelt out, colours left out."""
    assert tame(raw, colour=False) == shown


def test_with_colour() -> None:
    """Colours stay and end with the line; nothing else passes."""
    assert tame("\x1b[31mred", colour=True) == "\x1b[31mred\x1b[0m"
    assert tame("\x1b[31m\x1b[2Jx", colour=True) == "\x1b[31m\\x1b[2Jx\x1b[0m"
    assert tame("none", colour=True) == "none"


def test_the_prefix() -> None:
    """The replica, in a colour of its own."""
    line = LogView(replica="web-2", attempt=1, stream="stdout", text="hi")
    assert log_line(line, plain, 6, colour=False) == "web-2  | hi"
    other = line.model_copy(update={"replica": "web-3"})
    prefixes = [log_line(one, coloured, 6, colour=True)[:5] for one in (line, other)]
    assert prefixes[0] != prefixes[1]
