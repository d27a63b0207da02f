"""A run, or a curve, as one page that stands by itself."""

from collections.abc import Sequence
from html import escape
from typing import Final

from orchestrator.cli.load.curve import Curve
from orchestrator.cli.load.result import Happening, Result, Sample
from orchestrator.cli.render import html
from orchestrator.cli.render.plots import WIDTH, Plot, Series, plot

# What a reader wants to see beside a dip in a line.
MARKED: Final = frozenset({"Error", "OOMKilled", "Killing", "Scaled", "Unrouted", "Suspect"})
_CURVE_STEPS: Final = 60


def page(service: str, result: Result) -> str:
    """The timeline of a run: load, latency, replicas, and what happened meanwhile."""
    facts = [
        ("requests", f"{result.requests} ({result.per_s:.1f}/s)"),
        ("failed", str(result.failed)),
        ("counted by the proxy", str(result.proxy_requests)),
    ]
    shares = [(name, str(count)) for name, count in result.shares.items()]
    parts = [
        f"<p><code>{escape(result.url)}</code>, {result.seconds:.0f} s.</p>",
        *timeline(result),
        html.table(("", ""), facts),
        "<h2>How long it took</h2>",
        _latencies(result),
        "<h2>Who answered</h2>",
        html.table(("replica", "requests"), shares),
        "<h2>What happened</h2>",
        _happenings(result.happenings),
    ]
    if result.errors:
        rows = [(why, str(count)) for why, count in result.errors.items()]
        parts += ["<h2>What failed</h2>", html.table(("reason", "requests"), rows)]
    return html.page(f"Load on {service}", parts)


def curve_page(curve: Curve) -> str:
    """Throughput and p99 against replicas or CPU."""
    rows = [
        (one.label, f"{one.per_s:.1f}", f"{one.p50_ms:.0f} ms", f"{one.p99_ms:.0f} ms",
         str(one.failed))
        for one in curve.steps
    ]  # fmt: skip
    parts = [
        f"<p><code>{escape(curve.url)}</code></p>",
        *curve_plots(curve),
        html.table((curve.by, "requests/s", "p50", "p99", "failed"), rows),
        html.paragraphs(curve.words),
    ]
    return html.page(f"Does {curve.service} scale?", parts)


def curve_plots(
    curve: Curve, titles: tuple[str, str] = ("Throughput", "Latency, p99"), width: int = WIDTH
) -> list[str]:
    """Throughput with the ideal line and the fitted law, and p99: two `<svg>` elements."""
    if not curve.steps:
        return []
    unit = "replicas" if curve.by == "replicas" else "CPU of a replica, millicores"
    slow = [Series("p99", [(step.size, step.p99_ms) for step in curve.steps], dots=True)]
    return [
        plot(Plot(titles[0], unit, "requests/s", width), _throughput(curve)),
        plot(Plot(titles[1], unit, "ms", width), slow),
    ]


def _throughput(curve: Curve) -> list[Series]:
    low, high = curve.steps[0].size, curve.steps[-1].size
    measured = [(float(step.size), step.per_s) for step in curve.steps]
    ideal = [(float(size), curve.ideal(size)) for size in (low, high)]
    series = [Series("measured", measured, dots=True), Series("ideal", ideal, dashed=True)]
    if (law := curve.law) is not None:
        sizes = [low + (high - low) * step / _CURVE_STEPS for step in range(_CURVE_STEPS + 1)]
        name = f"law: σ {law.sigma:.3f}, κ {law.kappa:.4f}"
        series.append(Series(name, [(n, law.throughput(n)) for n in sizes], dashed=True))
    return series


def timeline(result: Result) -> list[str]:
    """Load, latency and ready replicas over the seconds of the run: three `<svg>` elements."""
    samples = result.samples
    marks = [
        (one.at_s, f"{one.reason}: {one.message}")
        for one in result.happenings
        if one.reason in MARKED
    ]
    requests = [
        Series("answered", [(one.at_s, one.requests_per_s) for one in samples]),
        Series("failed", [(one.at_s, one.errors_per_s) for one in samples]),
    ]
    ready = [Series("ready", [(one.at_s, one.ready) for one in samples], step=True)]
    return [
        plot(Plot("Requests", "seconds", "requests/s", marks=marks), requests),
        plot(Plot("Latency", "seconds", "ms", marks=marks), _latency(samples)),
        plot(Plot("Replicas that are ready", "seconds", marks=marks), ready),
    ]


def _latency(samples: Sequence[Sample]) -> list[Series]:
    """A second without an answer has no percentile."""
    return [
        Series("p50", [(one.at_s, one.p50_s * 1000) for one in samples if one.p50_s is not None]),
        Series("p99", [(one.at_s, one.p99_s * 1000) for one in samples if one.p99_s is not None]),
    ]


def _latencies(result: Result) -> str:
    """k6's figures beside the proxy's, which has no mean, least or most."""
    ours = result.proxy_latency_ms
    rows = [
        (name, f"{value:.1f} ms", f"{ours[name]:.1f} ms" if name in ours else "")
        for name, value in result.latency_ms.items()
    ]
    return html.table(("", "k6", "proxy"), rows)


def _happenings(happenings: Sequence[Happening]) -> str:
    if not happenings:
        return "<p>Nothing: no replica came, went or failed.</p>"
    rows = [(f"{one.at_s:.1f} s", one.reason, one.object, one.message) for one in happenings]
    return html.table(("at", "event", "of", ""), rows)
