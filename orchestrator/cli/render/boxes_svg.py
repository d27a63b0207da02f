"""Nodes as boxes of CPU × RAM, as self-contained SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from orchestrator.cli.render.palette import PALETTE, colour
from orchestrator.cli.render.words import share
from orchestrator.core.packing.picture import Stair, owners, stairs
from orchestrator.core.packing.whatif import Box

__all__ = ["Panel", "picture"]

WIDTH: Final = 960
MARGIN: Final = 16
GAP: Final = 12
LINE: Final = 18
MOST_BOXES: Final = 1200
MOST_NAMED: Final = 24
"""Services in the legend; more of them share the colours and show only under the pointer."""
CHARACTER_PX: Final = 6.6
# Boxes up to so many, so wide. Small ones go without text.
_SIDES: Final = ((12, 140), (40, 84), (160, 48), (500, 28), (10**9, 16))
TEXT_FROM: Final = 84
WORDS_FROM: Final = 140


@dataclass(frozen=True, slots=True)
class Panel:
    """Nodes under one title: an outcome, or a moment."""

    title: str
    boxes: Sequence[Box]


def picture(panels: Sequence[Panel], axes: Sequence[str] = ("CPU", "RAM")) -> str:
    """The panels one below the other, and what is which; colours mean the same in all of them.

    Each box is a node: to the right its first dimension, upwards its second (`axes` names all);
    see `stairs` for how replicas stand in it. What both sums reach is shaded, what both leave free
    is hatched. Names show under the pointer.
    """
    numbers = owners([box for panel in panels for box in panel.boxes])
    parts: list[str] = []
    y = float(MARGIN)
    for panel in panels:
        drawn, y = _panel(panel, numbers, axes, y)
        parts += drawn
    drawn, y = _legend(numbers, axes, y)
    height = math.ceil(y + MARGIN)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" font-family="system-ui, sans-serif" font-size="12" fill="#1c1e21">'
    )
    return "\n".join([head, _PAPER, *parts, *drawn, "</svg>"])


_PAPER: Final = (
    '<defs><pattern id="free" width="6" height="6" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><line x1="0" x2="0" y1="0" y2="6" stroke="#9aa0a6" '
    'stroke-width="1"/></pattern></defs><rect width="100%" height="100%" fill="#ffffff"/>'
)


def _panel(
    panel: Panel, numbers: Mapping[str, int], axes: Sequence[str], top: float
) -> tuple[list[str], float]:
    """The panel, and where the next may begin."""
    shown = panel.boxes[:MOST_BOXES]
    side = next(side for most, side in _SIDES if len(shown) <= most)
    text = 2 * LINE if side >= TEXT_FROM else 4
    across = (WIDTH - 2 * MARGIN) // (side + GAP)
    title = f'<text x="{MARGIN}" y="{top + 12}" font-size="14" font-weight="600">'
    parts = [f"{title}{escape(panel.title)}</text>"]
    top += 26
    for number, box in enumerate(shown):
        row, column = divmod(number, across)
        at = MARGIN + column * (side + GAP), top + row * (side + text + 8)
        parts += _box(box, numbers, axes, at, side)
    rows = -(-len(shown) // across)
    bottom = top + rows * (side + text + 8)
    if more := len(panel.boxes) - len(shown):
        parts.append(f'<text x="{MARGIN}" y="{bottom + 10}">… and {more} more nodes</text>')
        bottom += LINE
    return parts, bottom + 12


def _box(
    box: Box,
    numbers: Mapping[str, int],
    axes: Sequence[str],
    at: tuple[float, float],
    side: int,
) -> list[str]:
    left, top = at
    shares = [share(*each) for each in zip(box.used, box.capacity, strict=True)]
    told = ", ".join(f"{axis} {part}" for axis, part in zip(axes, shares, strict=True))
    parts = [f"<g><title>{escape(box.name)}: {told}, {len(box.pieces)} placed</title>"]
    if side >= TEXT_FROM:
        parts.append(f'<text x="{left}" y="{top + 12}">{escape(_cut(box.name, side))}</text>')
        top += LINE
    parts.append(
        f'<rect x="{left}" y="{top}" width="{side}" height="{side}" fill="#ffffff" '
        f'stroke="#5a6068" stroke-width="1"/>'
    )
    placed = stairs(box)
    parts += _areas(placed, left, top, side)
    parts += [_stair(stair, numbers, left, top, side) for stair in placed]
    if side >= TEXT_FROM:
        words = told if side >= WORDS_FROM else " / ".join(shares)
        parts.append(
            f'<text x="{left}" y="{top + side + 14}" font-size="11" fill="#5a6068">{words}</text>'
        )
    return [*parts, "</g>"]


def _stair(stair: Stair, numbers: Mapping[str, int], left: float, top: float, side: int) -> str:
    fill = colour(numbers[stair.piece.owner])
    x, width = left + stair.x * side, stair.width * side
    height = stair.height * side
    y = top + side - stair.y * side - height
    # A white edge tells neighbours of one colour apart, where there is room for one.
    edge = ' stroke="#ffffff" stroke-width="0.8"' if min(width, height) > 3 else ""
    return (
        f'<rect x="{x:.2f}" y="{y:.2f}" width="{max(width, 0.5):.2f}" '
        f'height="{max(height, 0.5):.2f}" fill="{fill}"{edge}>'
        f"<title>{escape(stair.piece.name)}</title></rect>"
    )


def _areas(placed: Sequence[Stair], left: float, top: float, side: int) -> list[str]:
    """What is used of both dimensions together, and the corner that is free in both."""
    x = placed[-1].x + placed[-1].width if placed else 0.0
    y = placed[-1].y + placed[-1].height if placed else 0.0
    x, y = min(1.0, x) * side, min(1.0, y) * side
    parts = []
    if placed:
        parts.append(
            f'<rect x="{left}" y="{top + side - y:.2f}" width="{x:.2f}" height="{y:.2f}" '
            f'fill="#dfe3e8"/>'
        )
    if min(side - x, side - y) >= 1:
        parts.append(
            f'<rect x="{left + x:.2f}" y="{top}" width="{side - x:.2f}" '
            f'height="{side - y:.2f}" fill="url(#free)" fill-opacity="0.5"/>'
        )
    return parts


def _legend(numbers: Mapping[str, int], axes: Sequence[str], top: float) -> tuple[list[str], float]:
    parts, x = [], float(MARGIN)
    shown = list(numbers.items()) if len(numbers) <= MOST_NAMED else []
    for owner, number in shown:
        width = 22 + len(owner) * CHARACTER_PX + 14
        if x + width > WIDTH - MARGIN and x > MARGIN:
            x, top = MARGIN, top + LINE
        parts.append(
            f'<rect x="{x:.1f}" y="{top}" width="14" height="14" fill="{colour(number)}"/>'
            f'<text x="{x + 20:.1f}" y="{top + 11}">{escape(owner)}</text>'
        )
        x += width
    top += LINE * bool(shown)
    upwards = f"{axes[1]} upwards; " if len(axes) > 1 else ""
    words = f"each box: {axes[0]} to the right, {upwards}shaded: used, hatched: free in both"
    if len(numbers) > len(PALETTE):
        words += "; colours repeat"
    parts.append(f'<text x="{MARGIN}" y="{top + 12}" fill="#5a6068">{words}</text>')
    return parts, top + LINE


def _cut(name: str, side: int) -> str:
    most = int(side / CHARACTER_PX)
    return name if len(name) <= most else name[: most - 1] + "…"
