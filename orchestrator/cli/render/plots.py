"""Plots as self-contained SVG: lines or steps over one axis, with grid, labels and a legend.

An SVG takes the colour of its text from the page around it (`currentColor`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from orchestrator.cli.render.palette import colour

__all__ = ["HEIGHT", "WIDTH", "Plot", "Series", "plot", "ticks", "time_text", "time_ticks"]

Point = tuple[float, float]
WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 48, 40
CHARACTER_PX: Final = 6.6
"""Of the labels' 12 px sans-serif, about."""
_TIMES: Final = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Series:
    """Points by growing x. `step`: a value holds until the next point; `dots`: each is marked."""

    name: str
    points: Sequence[Point]
    step: bool = False
    dashed: bool = False
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Plot:
    """What a plot shows besides its series.

    Bounds that are None are as the values need them, y from 0 on. `timed`: x is seconds, and its
    ticks are round times. `marks` are vertical lines, (x, word): the word shows under the pointer.
    """

    title: str
    x_label: str
    y_label: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    x_low: float | None = None
    x_high: float | None = None
    y_low: float | None = None
    y_high: float | None = None
    marks: Sequence[tuple[float, str]] = ()
    timed: bool = False
    y_text: Callable[[float], str] | None = None


@dataclass(frozen=True, slots=True)
class _Scale:
    """A span of values onto a span of pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) from `low` to `high`."""
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def time_ticks(low: float, high: float, most: int = 7) -> list[float]:
    """Seconds, minutes, hours or days that are round, from `low` to `high`."""
    step = next((each for each in _TIMES if (high - low) / each <= most), 0)
    step = step or _TIMES[-1] * math.ceil((high - low) / most / _TIMES[-1])
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(number * step) for number in range(first, last + 1)]


def time_text(seconds: float) -> str:
    """`90` → `1m30s`, `7200` → `2h`, `0` → `0`."""
    left, parts = round(seconds), []
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        number, left = divmod(left, length)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0"


def plot(about: Plot, series: Sequence[Series]) -> str:
    """The `<svg>` element."""
    x, y = _scales(about, series)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {about.width} {about.height}" '
        f'width="{about.width}" height="{about.height}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="currentColor">',
        f"<title>{escape(about.title)}</title>",
        f'<text x="{LEFT}" y="14" font-weight="600">{escape(about.title)}</text>',
        *_axes(about, x, y),
        *(_mark(x(at), word, y) for at, word in about.marks if x.low <= at <= x.high),
        *(_line(each, index, x, y) for index, each in enumerate(series)),
        *(dot for index, each in enumerate(series) for dot in _dots(each, index, x, y)),
        *_legend(series),
        "</svg>",
    ]
    return "\n".join(parts)


def _scales(about: Plot, series: Sequence[Series]) -> tuple[_Scale, _Scale]:
    points = [point for each in series for point in each.points] or [(0.0, 0.0)]
    xs, ys = [at for at, _ in points], [value for _, value in points]
    low = about.y_low if about.y_low is not None else min(0.0, *ys)
    high = about.y_high if about.y_high is not None else max(ys)
    high = high if high > low else low + 1
    if about.y_high is None:
        step = ticks(low, high)[-1:] or [high]
        high = max(high * 1.04, step[0])
    start = min(xs) if about.x_low is None else about.x_low
    end = max(xs) if about.x_high is None else about.x_high
    right, bottom = about.width - RIGHT, about.height - BOTTOM
    end = end if end > start else start + 1
    return _Scale(start, end, LEFT, right), _Scale(low, high, bottom, TOP)


def _axes(about: Plot, x: _Scale, y: _Scale) -> list[str]:
    grid = 'stroke="currentColor" stroke-opacity="0.15"'
    y_text, x_text = about.y_text or _number, time_text if about.timed else _number
    find = time_ticks if about.timed else ticks
    parts = []
    for value in ticks(y.low, y.high, 6):
        at = y(value)
        parts.append(f'<line x1="{x.start}" x2="{x.end}" y1="{at}" y2="{at}" {grid}/>')
        label = escape(y_text(value))
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4}" text-anchor="end">{label}</text>')
    for value in find(x.low, x.high, 7):
        label = escape(x_text(value))
        parts.append(f'<text x="{x(value)}" y="{y.start + 16}" text-anchor="middle">{label}</text>')
    parts.append(f'<line x1="{x.start}" x2="{x.end}" y1="{y.start}" y2="{y.start}" {grid}/>')
    middle = (x.start + x.end) / 2
    label = f'text-anchor="middle" fill-opacity="0.75">{escape(about.x_label)}</text>'
    parts.append(f'<text x="{middle}" y="{y.start + 33}" {label}')
    if about.y_label:
        half = (y.start + y.end) / 2
        parts.append(
            f'<text x="12" y="{half}" transform="rotate(-90 12 {half})" text-anchor="middle" '
            f'fill-opacity="0.75">{escape(about.y_label)}</text>'
        )
    return parts


def _line(series: Series, index: int, x: _Scale, y: _Scale) -> str:
    points = [(x(at), y(min(max(value, y.low), y.high))) for at, value in series.points]
    if series.step:
        points = [point for pair in _stairs(points) for point in pair]
    path = " ".join(f"{at},{value}" for at, value in points)
    dashes = ' stroke-dasharray="5 4"' if series.dashed else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour(index)}" stroke-width="1.8" '
        f'stroke-linejoin="round"{dashes}><title>{escape(series.name)}</title></polyline>'
    )


def _dots(series: Series, index: int, x: _Scale, y: _Scale) -> list[str]:
    if not series.dots:
        return []
    return [
        f'<circle cx="{x(at)}" cy="{y(value)}" r="3.5" fill="{colour(index)}">'
        f"<title>{at:g}: {value:.4g}</title></circle>"
        for at, value in series.points
    ]


def _stairs(points: Sequence[Point]) -> list[list[Point]]:
    """Each point, and where its value ends."""
    after = [*(at for at, _ in points[1:]), points[-1][0]] if points else []
    return [[point, (end, point[1])] for point, end in zip(points, after, strict=True)]


def _mark(at: float, word: str, y: _Scale) -> str:
    return (
        f'<line x1="{at}" x2="{at}" y1="{y.start}" y2="{y.end}" stroke="currentColor" '
        f'stroke-opacity="0.45" stroke-dasharray="2 3"><title>{escape(word)}</title></line>'
    )


def _legend(series: Sequence[Series]) -> list[str]:
    """Below the title; a single series needs none."""
    parts, at = [], float(LEFT)
    for index, each in enumerate(series if len(series) > 1 else ()):
        dashes = ' stroke-dasharray="5 4"' if each.dashed else ""
        parts.append(
            f'<line x1="{at:.1f}" x2="{at + 18:.1f}" y1="28" y2="28" stroke="{colour(index)}" '
            f'stroke-width="3"{dashes}/><text x="{at + 23:.1f}" y="32">{escape(each.name)}</text>'
        )
        at += _legend_width(each)
    return parts


def _legend_width(series: Series) -> float:
    return 23 + len(series.name) * CHARACTER_PX + 12


def _number(value: float) -> str:
    return f"{value:g}"
