"""Plots side by side, as one SVG."""

from xml.etree import ElementTree

from orchestrator.cli.render.picture import picture
from orchestrator.cli.render.plots import Plot, Series, plot

SVG = "{http://www.w3.org/2000/svg}"


def test_plots_stand_row_by_row_and_fit() -> None:
    drawn = plot(Plot("a", "x", width=300, height=100), [Series("one", [(0, 1), (1, 2)])])
    whole = picture("a < b", [drawn] * 3, columns=2, width=300, height=100)
    root = ElementTree.fromstring(whole.svg)
    assert (root.get("width"), root.get("height")) == (str(whole.width), str(whole.height))
    assert root.findtext(f"{SVG}text") == "a < b"
    places = [group.get("transform") for group in root.findall(f"{SVG}g")]
    assert places == ["translate(12 34)", "translate(312 34)", "translate(12 134)"]
    assert (whole.width, whole.height) == (2 * 300 + 24, 34 + 2 * 100 + 12)
