"""A run, or a curve, as one page that stands by itself."""

from collections.abc import Sequence
from html import escape
from typing import Final

from orchestrator.cli.load.curve import Curve
from orchestrator.cli.load.result import Happening, Result
from orchestrator.cli.render.plots import Plot, Series, svg

# What a reader wants to see beside a dip in a line.
MARKED: Final = frozenset(
    {"Error", "OOMKilled", "Kill", "Scaled", "Unrouted", "Suspect", "Updated"}
)
_CURVE_STEPS: Final = 60

_STYLE: Final = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { text-align: left; padding: 0.1rem 1.2rem 0.1rem 0; }
svg { width: 100%; height: auto; margin: 0.6rem 0; } code { overflow-wrap: anywhere; }
"""


def page(service: str, result: Result) -> str:
    """The timeline of a run: load, latency, replicas, and what happened meanwhile."""
    latency = [(name, f"{value:.1f} ms") for name, value in result.latency_ms.items()]
    facts = [
        ("requests", f"{result.requests} ({result.per_s:.1f}/s)"),
        ("failed", str(result.failed)),
        ("counted by the proxy", str(result.proxy_requests)),
        *latency,
    ]
    parts = [
        f"<p><code>{escape(result.url)}</code>, {result.seconds:.0f} s.</p>",
        _table(("", ""), facts),
        *(svg(plot) for plot in _timeline(result)),
        "<h2>Who answered</h2>",
        _table(("replica", "requests"), [(name, str(n)) for name, n in result.shares.items()]),
        "<h2>What happened</h2>",
        _happenings(result.happenings),
    ]
    if result.errors:
        rows = [(why, str(count)) for why, count in result.errors.items()]
        parts += ["<h2>What failed</h2>", _table(("reason", "requests"), rows)]
    return _page(f"Load on {service}", parts)


def curve_page(curve: Curve) -> str:
    """Throughput and p99 against replicas or CPU."""
    rows = [
        (one.label, f"{one.per_s:.1f}", f"{one.p50_ms:.0f} ms", f"{one.p99_ms:.0f} ms",
         str(one.failed))
        for one in curve.steps
    ]  # fmt: skip
    parts = [
        f"<p><code>{escape(curve.url)}</code></p>",
        *(svg(plot) for plot in curve_plots(curve)),
        _table((curve.by, "requests/s", "p50", "p99", "failed"), rows),
        *(f"<p>{escape(sentence)}</p>" for sentence in curve.words),
    ]
    return _page(f"Does {curve.service} scale?", parts)


def curve_plots(curve: Curve) -> list[Plot]:
    """Throughput with the ideal line and the fitted law; p99 below."""
    if not curve.steps:
        return []
    unit = "replicas" if curve.by == "replicas" else "CPU of a replica, millicores"
    sizes = [float(step.size) for step in curve.steps]
    series = [
        Series("measured", [(step.size, step.per_s) for step in curve.steps]),
        Series("ideal", [(size, curve.ideal(size)) for size in (sizes[0], sizes[-1])], dashed=True),
    ]
    if curve.law is not None:
        law = curve.law
        steps = [
            sizes[0] + (sizes[-1] - sizes[0]) * i / _CURVE_STEPS for i in range(_CURVE_STEPS + 1)
        ]
        name = f"law: σ {law.sigma:.3f}, κ {law.kappa:.4f}"
        series.append(Series(name, [(n, law.throughput(n)) for n in steps], dashed=True))
    slow = [Series("p99", [(step.size, step.p99_ms) for step in curve.steps])]
    return [
        Plot("Throughput", unit, "requests/s", series, dots=True),
        Plot("Latency, p99", unit, "ms", slow, dots=True),
    ]


def _timeline(result: Result) -> list[Plot]:
    samples, time_name = result.samples, "seconds"
    marks = [
        (one.at_s, f"{one.reason}: {one.message}")
        for one in result.happenings
        if one.reason in MARKED
    ]
    plots = [
        Plot(
            "Requests",
            time_name,
            "requests/s",
            [
                Series("answered", [(one.at_s, one.requests_per_s) for one in samples]),
                Series("failed", [(one.at_s, one.errors_per_s) for one in samples]),
            ],
            marks,
        ),
        Plot(
            "Latency",
            time_name,
            "ms",
            [
                Series("p50", [(one.at_s, _ms(one.p50_s)) for one in samples]),
                Series("p99", [(one.at_s, _ms(one.p99_s)) for one in samples]),
            ],
            marks,
        ),
        Plot(
            "Replicas",
            time_name,
            "replicas",
            [Series("ready", [(one.at_s, one.ready) for one in samples])],
            marks,
        ),
    ]
    return plots


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _happenings(happenings: Sequence[Happening]) -> str:
    if not happenings:
        return "<p>Nothing: no replica came, went or failed.</p>"
    rows = [(f"{one.at_s:.1f} s", one.reason, one.object, one.message) for one in happenings]
    return _table(("at", "event", "of", ""), rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(one)}</th>" for one in heads) if any(heads) else ""
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>" if head else f"<table>{body}</table>"


def _page(title: str, parts: Sequence[str]) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body><h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"
    )
