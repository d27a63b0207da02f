"""Load, as people read it: a line a second, and the end of a run."""

from collections.abc import Mapping, Sequence
from typing import Final

from orchestrator.cli.load.result import PERCENTILES, Result, Sample, doubts
from orchestrator.cli.render.columns import columns
from orchestrator.cli.render.words import bar, share
from orchestrator.cli.terminal import Paint

_NAMES: Final = {"med": "P50", "p(90)": "P90", "p(99)": "P99", "p(99.9)": "P99.9"}


def line(sample: Sample) -> str:
    """`  3s   200 requests/s   p50 4 ms   p99 12 ms   0 errors/s   3 ready`"""
    errors = f"{sample.errors_per_s:.0f} errors/s"
    return (
        f"{sample.at_s:4.0f}s  {sample.requests_per_s:6.0f} requests/s   "
        f"p50 {_ms(sample.p50_s)}   p99 {_ms(sample.p99_s)}   {errors}   {sample.ready} ready"
    )


def summary(result: Result, cpus: int, paint: Paint) -> list[str]:
    """Who answered, what failed and why, and what to make of it."""
    lines = ["", *_shares(result, paint), *_errors(result, paint), "", *_agreement(result, paint)]
    for text, kept in result.thresholds.items():
        lines.append(paint(f"✔ {text}", "green") if kept else paint(f"✘ {text}", "red"))
    lines += [paint(f"! {doubt}", "yellow") for doubt in doubts(result, cpus)]
    return lines


def _shares(result: Result, paint: Paint) -> list[str]:
    total = sum(result.shares.values())
    if not total:
        return ["No replica answered."]
    rows = [
        (name, str(count), f"{bar(count, total)} {share(count, total)}")
        for name, count in result.shares.items()
    ]
    return columns(("REPLICA", "REQUESTS", "SHARE"), rows, paint)


def _errors(result: Result, paint: Paint) -> list[str]:
    if not result.failed:
        return []
    told: Sequence[tuple[str, str]] = [(why, str(count)) for why, count in result.errors.items()]
    if not told:  # A script of the user's own does not tell them apart.
        told = [("failed", str(result.failed))]
    return ["", *columns(("FAILED WITH", "REQUESTS"), told, paint)]


def _agreement(result: Result, paint: Paint) -> list[str]:
    """What k6 saw beside what the proxy saw of the same requests."""
    heads = ("SEEN BY", "REQUESTS", *(_NAMES[name] for name in PERCENTILES))
    rows = [
        ("k6", str(result.requests), *_milliseconds(result.latency_ms)),
        ("proxy", str(result.proxy_requests), *_milliseconds(result.proxy_latency_ms)),
    ]
    told = f"{result.requests} requests in {result.seconds:.1f} s, {result.failed} failed."
    return [told, "", *columns(heads, rows, paint)]


def _milliseconds(latency: Mapping[str, float]) -> list[str]:
    return [f"{latency[name]:.1f} ms" if name in latency else "–" for name in PERCENTILES]


def _ms(seconds: float | None) -> str:
    return "     –" if seconds is None else f"{seconds * 1000:3.0f} ms"
