"""Throughput against replicas or CPU, as people read it in a terminal."""

from orchestrator.cli.load.curve import Curve, Step
from orchestrator.cli.render.columns import columns
from orchestrator.cli.terminal import Paint

CELLS = 30


def curve(data: Curve, paint: Paint) -> list[str]:
    """A row for each step, its bar beside the ideal one (┊), and what that means."""
    if not data.steps:
        return ["Nothing was measured."]
    full = max(data.ideal(data.steps[-1].size), *(step.per_s for step in data.steps))
    heads = (data.by.upper(), "REQUESTS/S", "OF IDEAL", "P50", "P99", "FAILED", "")
    lines = columns(heads, [_row(data, step, full) for step in data.steps], paint)
    if data.law is not None:
        law = data.law
        lines += ["", f"σ = {law.sigma:.4f}   κ = {law.kappa:.5f}   λ = {law.lambda_:.4g}/s"]
    lines += data.words
    doubts = {doubt: step.label for step in data.steps for doubt in step.doubts}
    lines += [paint(f"! {label}: {doubt}", "yellow") for doubt, label in doubts.items()]
    return lines


def _row(data: Curve, step: Step, full: float) -> tuple[str, ...]:
    ideal = data.ideal(step.size)
    return (
        step.label,
        f"{step.per_s:.1f}",
        f"{step.per_s / ideal:.0%}" if ideal else "–",
        f"{step.p50_ms:.0f} ms",
        f"{step.p99_ms:.0f} ms",
        str(step.failed),
        _bar(step.per_s, ideal, full),
    )


def _bar(value: float, ideal: float, full: float) -> str:
    """`██████    ┊`: what was measured, and where the ideal lies."""
    if not full:
        return ""
    cells = ["█"] * round(CELLS * value / full)
    cells += [" "] * (CELLS + 1 - len(cells))
    mark = min(CELLS, round(CELLS * ideal / full))
    if cells[mark] == " ":
        cells[mark] = "┊"
    return "".join(cells).rstrip()
