"""Plots as self-contained SVG: lines or steps over one axis, with grid, labels and a legend.

An SVG takes the colour of its text from the page around it (`currentColor`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from orchestrator.cli.render.palette import colour

__all__ = ["HEIGHT", "WIDTH", "Plot", "Series", "plot", "ticks"]

Point = tuple[float, float]
WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 34, 40
CHARACTER_PX: Final = 6.6
"""Of the labels' 12 px sans-serif, about."""


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
    """What a plot shows besides its series. `y_low` and `y_high` None: as the values need it, from
    0 on. `marks` are vertical lines, (x, word): the word shows under the pointer."""

    title: str
    x_label: str
    y_label: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    y_low: float | None = None
    y_high: float | None = None
    marks: Sequence[tuple[float, str]] = ()
    x_text: Callable[[float], str] | None = None
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
        *_legend(about, series),
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
    start, end = min(xs), max(xs)
    right, bottom = about.width - RIGHT, about.height - BOTTOM
    end = end if end > start else start + 1
    return _Scale(start, end, LEFT, right), _Scale(low, high, bottom, TOP)


def _axes(about: Plot, x: _Scale, y: _Scale) -> list[str]:
    grid = 'stroke="currentColor" stroke-opacity="0.15"'
    y_text, x_text = about.y_text or _number, about.x_text or _number
    parts = []
    for value in ticks(y.low, y.high, 5):
        at = y(value)
        parts.append(f'<line x1="{x.start}" x2="{x.end}" y1="{at}" y2="{at}" {grid}/>')
        label = escape(y_text(value))
        parts.append(f'<text x="{LEFT - 6}" y="{at + 4}" text-anchor="end">{label}</text>')
    for value in ticks(x.low, x.high, 7):
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


def _legend(about: Plot, series: Sequence[Series]) -> list[str]:
    """On the right of the title's line; a single series needs none."""
    if len(series) < 2:
        return []
    parts, at = [], about.width - RIGHT - sum(_legend_width(each) for each in series)
    for index, each in enumerate(series):
        dashes = ' stroke-dasharray="5 4"' if each.dashed else ""
        parts.append(
            f'<line x1="{at:.1f}" x2="{at + 18:.1f}" y1="10" y2="10" stroke="{colour(index)}" '
            f'stroke-width="3"{dashes}/><text x="{at + 23:.1f}" y="14">{escape(each.name)}</text>'
        )
        at += _legend_width(each)
    return parts


def _legend_width(series: Series) -> float:
    return 23 + len(series.name) * CHARACTER_PX + 12


def _number(value: float) -> str:
    return f"{value:g}"
