"""Packing over time as a picture: nodes in use beside the lower bound, and their ratio."""

from collections.abc import Callable, Mapping

from benchmarks.packing.azure import JUDGED, PLAIN, Run, lower_bound
from benchmarks.packing.ledger import Step
from orchestrator.cli.render.plots import Plot, Series, plot

HOUR_S = 3600


def picture(runs: Mapping[str, Run]) -> str:
    """An SVG of two plots, one below the other, on white."""
    shown = {PLAIN: runs[PLAIN], f"rebalanced {JUDGED}": runs[JUDGED]}
    nodes = Plot("azure_v1: nodes in use", "hours", "nodes")
    ratio = Plot("azure_v1: nodes in use / lower bound", "hours", "ratio", y_low=1.0, y_high=1.6)
    used = [_series(name, run, lambda step: step.nodes) for name, run in shown.items()]
    bound = _series("lower bound", runs[PLAIN], lower_bound)
    ratios = [_series(name, run, _ratio) for name, run in shown.items()]
    upper, lower = plot(nodes, [*used, bound]), plot(ratio, ratios)
    width, height = nodes.width, nodes.height + ratio.height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">\n'
        f'<rect width="{width}" height="{height}" fill="white"/>\n{upper}\n'
        f'<g transform="translate(0 {nodes.height})">\n{lower}\n</g>\n</svg>\n'
    )


def _series(name: str, run: Run, value: Callable[[Step], float]) -> Series:
    points = [(step.time / HOUR_S, value(step)) for step in run.steps]
    return Series(name, points, step=True)


def _ratio(step: Step) -> float:
    return step.nodes / max(1, lower_bound(step))
