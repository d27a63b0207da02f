"""Plots: round ticks, points where they belong, text that cannot break out."""

import xml.etree.ElementTree as ET

import pytest

from orchestrator.cli.render.palette import PALETTE, TERMINAL
from orchestrator.cli.render.plots import Plot, Series, plot, ticks, time_text, time_ticks

SVG = "{http://www.w3.org/2000/svg}"


def drawn(about: Plot, *series: Series) -> ET.Element:
    return ET.fromstring(plot(about, series))


def polylines(svg: ET.Element) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]  # type: ignore[misc]
        for line in svg.iter(f"{SVG}polyline")
    ]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (3, 1000, [200, 400, 600, 800, 1000]),
        (0, 0, [0]),
        (95, 100, [95, 96, 97, 98, 99, 100]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_points_go_from_corner_to_corner() -> None:
    about = Plot("t", "s", width=200, height=100, y_low=0, y_high=10)
    [line] = polylines(drawn(about, Series("a", [(0, 0), (5, 10), (10, 99)])))
    assert line == [(62, 60), (124, 48), (186, 48)]  # what is above the top stays in the picture


def test_a_step_holds_its_value_until_the_next_point() -> None:
    about = Plot("t", "s", width=200, height=100, y_low=0, y_high=1)
    [line] = polylines(drawn(about, Series("a", [(0, 0), (5, 1), (10, 0)], step=True)))
    assert line == [(62, 60), (124, 60), (124, 48), (186, 48), (186, 60), (186, 60)]


def test_a_legend_names_more_than_one_series() -> None:
    one, two = Series("ready", [(0, 1), (1, 2)]), Series("wanted <b>", [(0, 2), (1, 2)])
    texts = [each.text for each in drawn(Plot("t & u", "s"), one, two).iter(f"{SVG}text")]
    assert "t & u" in texts
    assert {"ready", "wanted <b>"} <= set(texts)
    assert "ready" not in [each.text for each in drawn(Plot("t", "s"), one).iter(f"{SVG}text")]


def test_nothing_and_a_single_value_can_be_drawn() -> None:
    assert polylines(drawn(Plot("t", "s"))) == []
    assert len(polylines(drawn(Plot("t", "s"), Series("a", [(3, 0)]), Series("b", [])))) == 2


def test_every_colour_has_its_like_on_terminals() -> None:
    assert len(PALETTE) == len(TERMINAL)


@pytest.mark.parametrize(
    ("high", "expected"),
    [
        (60, ["0", "10s", "20s", "30s", "40s", "50s", "1m"]),
        (3 * 3600, ["0", "30m", "1h", "1h30m", "2h", "2h30m", "3h"]),
        (86_400 * 30, ["0", "5d", "10d", "15d", "20d", "25d", "30d"]),
    ],
)
def test_times_are_round(high: float, expected: list[str]) -> None:
    assert [time_text(each) for each in time_ticks(0, high)] == expected


def test_bounds_that_are_given_hold() -> None:
    about = Plot("t", "s", width=200, height=100, x_low=0, x_high=20, y_low=0, y_high=1, timed=True)
    [line] = polylines(drawn(about, Series("a", [(10, 0)])))
    assert line == [(124, 60)]
