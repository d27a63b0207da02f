"""Plots side by side as one picture that needs no page around it: on white, in black."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from orchestrator.cli.render.plots import HEIGHT, WIDTH

__all__ = ["Picture", "picture"]

EDGE: Final = 12
HEAD: Final = 34


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole SVG document and its size in pixels."""

    svg: str
    width: int
    height: int


def picture(
    title: str, plots: Sequence[str], *, columns: int = 1, width: int = WIDTH, height: int = HEIGHT
) -> Picture:
    """Plots, each `width` × `height`, row by row below the title."""
    rows = -(-len(plots) // columns)
    whole = 2 * EDGE + columns * width, HEAD + rows * height + EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole[0]} {whole[1]}" '
        f'width="{whole[0]}" height="{whole[1]}" color="#1c1e21" font-family="sans-serif">',
        f'<rect width="{whole[0]}" height="{whole[1]}" fill="#ffffff"/>',
        f'<text x="{EDGE}" y="24" font-size="16" font-weight="600" fill="currentColor">'
        f"{escape(title)}</text>",
    ]
    for number, each in enumerate(plots):
        row, column = divmod(number, columns)
        place = f"translate({EDGE + column * width} {HEAD + row * height})"
        parts.append(f'<g transform="{place}">{each}</g>')
    return Picture("\n".join([*parts, "</svg>", ""]), *whole)
