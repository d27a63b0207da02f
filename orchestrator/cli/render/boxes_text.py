"""Nodes as boxes of CPU × RAM, in characters: `orch nodes --pack`.

A cell shows the replica that covers its middle. With colours a service has one; without, it has a
letter. Replicas of a service alternate, `█▓` or `Aa`, so that each can be seen.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest
from string import ascii_uppercase
from typing import Final

from orchestrator.cli.render.palette import PALETTE
from orchestrator.cli.render.words import share
from orchestrator.cli.terminal import Paint
from orchestrator.core.packing.picture import Stair, owners, stairs
from orchestrator.core.packing.whatif import Box

WIDTH, HEIGHT = 17, 8  # characters are twice as high as wide: about a square
GAP: Final = " "
MOST_SERVICES: Final = 26

Cell = tuple[str, str]
"""A character and its style."""


def boxes(
    those: Sequence[Box],
    paint: Paint,
    *,
    colour: bool,
    columns: int = 80,
    down: Collection[str] = (),
) -> list[str]:
    """All nodes side by side, as many as `columns` characters hold, and what is which. `down`:
    the names of those that have crashed."""
    numbers = owners(those)
    pictures = [
        _picture(box, numbers, paint, colour=colour, down=box.name in down) for box in those
    ]
    across = max(1, (columns + len(GAP)) // (WIDTH + 2 + len(GAP)))
    lines: list[str] = []
    for first in range(0, len(pictures), across):
        rows = zip_longest(*pictures[first : first + across], fillvalue="")
        lines += [GAP.join(row).rstrip() for row in rows]
    return [*lines, *_legend(numbers, paint, columns, colour=colour)]


def _picture(
    box: Box, numbers: Mapping[str, int], paint: Paint, *, colour: bool, down: bool
) -> list[str]:
    cells = _cells(stairs(box), numbers, colour=colour)
    name = box.name if len(box.name) <= WIDTH else box.name[: WIDTH - 1] + "…"
    cpu, memory = (share(box.used[part], box.capacity[part]) for part in (0, 1))
    below = "NotReady" if down else f"CPU {cpu} RAM {memory}"
    return [
        f"{name:<{WIDTH + 2}}",
        f"┌{'─' * WIDTH}┐",
        *("│" + "".join(paint(text, style) for text, style in row) + "│" for row in cells),
        f"└{'─' * WIDTH}┘",
        f"{below:<{WIDTH + 2}}",
    ]


def _cells(those: Sequence[Stair], numbers: Mapping[str, int], *, colour: bool) -> list[list[Cell]]:
    """Rows of cells, the top one first."""
    rows: list[list[Cell]] = [[(" ", "")] * WIDTH for _ in range(HEIGHT)]
    for turn, stair in enumerate(those):
        look = _look(numbers[stair.piece.owner], turn, colour=colour)
        for row in _span(stair.y, stair.height, HEIGHT):
            for column in _span(stair.x, stair.width, WIDTH):
                rows[HEIGHT - 1 - row][column] = look
    return rows


def _span(start: float, length: float, cells: int) -> range:
    """The cells whose middle lies inside; at least the one in which it begins."""
    first = min(cells - 1, int(start * cells + 0.5))
    end = min(cells, int((start + length) * cells + 0.5))
    return range(first, max(end, first + 1))


def _look(number: int, turn: int, *, colour: bool) -> Cell:
    if colour:
        return "█▓"[turn % 2], style(number)
    letter = ascii_uppercase[number % MOST_SERVICES]
    return (letter, "") if turn % 2 == 0 else (letter.lower(), "")


def style(number: int) -> str:
    """The name of a service's colour on terminals."""
    return f"service-{number % len(PALETTE)}"


def _legend(numbers: Mapping[str, int], paint: Paint, columns: int, *, colour: bool) -> list[str]:
    lines, width = [""], 0
    for owner, number in numbers.items():
        mark, look = _look(number, 0, colour=colour)
        text = f"{mark} {owner}"
        if width and width + len(text) + 3 > columns:
            lines, width = [*lines, ""], 0
        lines[-1] += ("   " if width else "") + f"{paint(mark, look)} {owner}"
        width += len(text) + (3 if width else 0)
    return ["", *lines] if numbers else []
