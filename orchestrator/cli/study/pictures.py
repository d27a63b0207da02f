"""A study's plots. Runs of the first seed are lines; the others are in the table."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from orchestrator.cli.render.boxes_svg import Panel, picture
from orchestrator.cli.render.plots import Plot, Series, plot
from orchestrator.cli.study.numbers import POINTS, name_of
from orchestrator.core.study import Look, thinned
from orchestrator.runtime.studying import Record

__all__ = ["pictures"]

BARS: Final = 60
MOST_BOXES: Final = 200
Pick = Callable[[Look], float]


def pictures(records: Sequence[Record]) -> dict[str, str]:
    """Name of a file without its ending → SVG."""
    shown = [each for each in records if each.run.seed == records[0].run.seed]
    first = shown[0]
    drawn = {
        "ready": plot(
            _about("Replicas ready", "replicas", first),
            [
                *_lines(shown, lambda each: each.ready),
                _line(first, "wanted", lambda each: each.wanted, dashed=True),
            ],
        ),
        "nodes": plot(
            _about("Nodes in use", "nodes", first),
            [
                *_lines(shown, lambda each: each.nodes),
                _line(first, "lower bound", lambda each: each.bound, dashed=True),
            ],
        ),
        "cpu": plot(
            _percent("CPU requested on nodes in use", first),
            _lines(shown, lambda each: 100 * each.cpu_share),
        ),
        "memory": plot(
            _percent("Memory requested on nodes in use", first),
            _lines(shown, lambda each: 100 * each.memory_share),
        ),
        "availability": plot(
            replace(
                _percent("Share of the wanted replicas that are ready", first), y_low=_lowest(shown)
            ),
            _lines(shown, _ready_percent),
        ),
        "warnings": plot(_about("Warnings", "events", first), [_warnings(each) for each in shown]),
    }
    if len(first.last) <= MOST_BOXES:
        panels = [
            Panel(f"{name_of(each)}: {when}", boxes)
            for each in shown
            for when, boxes in (
                ("when most nodes were in use", each.fullest),
                ("at the end", each.last),
            )
        ]
        drawn["packing"] = picture(panels)
    return drawn


def _about(title: str, unit: str, record: Record) -> Plot:
    happened = [(each.at_s, each.do) for each in record.run.study.happenings]
    return Plot(
        title,
        "virtual time",
        unit,
        x_low=0.0,
        x_high=record.run.study.duration_s,
        y_low=0.0,
        marks=[*happened, *record.losses],
        timed=True,
    )


def _percent(title: str, record: Record) -> Plot:
    return replace(_about(title, "%", record), y_high=100.0)


def _ready_percent(look: Look) -> float:
    return 100 * look.ready / look.wanted if look.wanted else 100.0


def _lowest(records: Sequence[Record]) -> float:
    """Where an axis that ends at 100% begins: a round number below all but the start-up."""
    looks = [each for record in records for each in record.looks[len(record.looks) // 50 :]]
    return 10.0 * min(9, int(min(map(_ready_percent, looks), default=0.0) / 10))


def _lines(records: Sequence[Record], pick: Pick) -> list[Series]:
    return [_line(each, name_of(each), pick) for each in records]


def _line(record: Record, name: str, pick: Pick, *, dashed: bool = False) -> Series:
    points = [(each.at_s, pick(each)) for each in thinned(record.looks, POINTS)]
    return Series(name, points, step=True, dashed=dashed)


def _warnings(record: Record) -> Series:
    """How many there were in each of `BARS` intervals."""
    duration_s = record.run.study.duration_s
    counts = [0] * (BARS + 1)
    for at, _ in record.warnings:
        counts[min(BARS, int(BARS * at / duration_s))] += 1
    points = [(duration_s * index / BARS, count) for index, count in enumerate(counts)]
    return Series(name_of(record), points, step=True)
