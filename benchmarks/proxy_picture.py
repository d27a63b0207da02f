"""The race as a picture: for each case, each proxy's CPU per request in multiples of the base's."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 900
_LABELS: Final = 310
_RIGHT: Final = 60
_BAR: Final = 9
_GAP: Final = 14
_TOP: Final = 76
_LEGEND: Final = 38
_PEERS: Final = (
    "#6b7280", "#9ca3af", "#c4b5a0", "#a3b8c8", "#c8c3a3", "#d9c2d0", "#93a58f", "#b5b5d6",
)  # fmt: skip
_OURS: Final = "#2563eb"

Ratios = Mapping[str, Mapping[str, float]]
"""Case → proxy → multiple of the base's CPU per request."""


def picture(ratios: Ratios, base: str, ours: str, aim: float) -> str:
    """An SVG with a line at 1 and one at `aim`; `ours` stands out. Needs at least one case."""
    names = dict.fromkeys(name for row in ratios.values() for name in row)
    peers = itertools.cycle(_PEERS)
    colours = {name: _OURS if name == ours else next(peers) for name in names}
    most = max(2.0, *(value for row in ratios.values() for value in row.values()))
    scale = (_WIDTH - _LABELS - _RIGHT) / most
    height = _TOP + sum(len(row) * _BAR + _GAP for row in ratios.values())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        _text(10, 18, f"CPU of the proxy per request, {base} = 1"),
        *_legend(colours),
        *(_mark(_LABELS + at * scale, height, f"{at:g}") for at in (1.0, aim)),
        *_cases(ratios, colours, scale),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _legend(colours: Mapping[str, str]) -> Iterator[str]:
    apart = min(90, (_WIDTH - 10) // len(colours))
    for position, (name, colour) in enumerate(colours.items()):
        x = 10 + position * apart
        yield f'<rect x="{x}" y="{_LEGEND - 9}" width="10" height="10" fill="{colour}"/>'
        yield _text(x + 14, _LEGEND, name)


def _mark(x: float, height: int, label: str) -> str:
    line = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 12}" y2="{height}" '
    return line + f'stroke="#d1d5db" stroke-dasharray="3 3"/>{_text(x, _TOP - 16, label, "middle")}'


def _cases(ratios: Ratios, colours: Mapping[str, str], scale: float) -> Iterator[str]:
    y = _TOP
    for case, row in ratios.items():
        yield _text(_LABELS - 8, y + len(row) * _BAR // 2 + 4, case, "end")
        for name, value in row.items():
            width = f'width="{value * scale:.1f}" height="{_BAR - 1}"'
            yield f'<rect x="{_LABELS}" y="{y}" {width} fill="{colours[name]}"/>'
            yield _text(_LABELS + value * scale + 4, y + _BAR - 1, f"{value:.2f}", size=8)
            y += _BAR
        y += _GAP


def _text(x: float, y: float, text: str, anchor: str = "start", size: int = 11) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="#111827">{escape(text)}</text>'
