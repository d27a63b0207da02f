"""The proxy's race against its peers, as a report like the others."""

from collections.abc import Callable
from typing import Any, Final

from benchmarks import proxy, proxy_notes
from benchmarks.proxy_cases import (
    CASES,
    FACTOR,
    IDLE_CONNECTIONS,
    MAIN,
    OURS,
    TWO_WORKERS,
    Case,
)
from benchmarks.proxy_load import LoadError
from benchmarks.proxy_picture import picture
from benchmarks.report import Comparison, Report, Row, number
from benchmarks.spread import Spread
from benchmarks.switching_worker import NUMBERS

BASE: Final = "nginx"
P99_FACTOR: Final = 1.2
WORTH: Final = 1.7
"""How many times one worker's requests two of them serve at least."""
NOTES: Final = "what numbers and access log cost"
NOTES_SHARE: Final = 10.0
"""Percent of a request's CPU that numbers and access log take together at most."""
IDLE_MB: Final = 10.0
# How many times fewer processor time than these a plain request takes at most.
LEANER: Final = {"haproxy": 1.0, "envoy": 2.0, "traefik": 3.0, "caddy": 3.0}
HEADER: Final = ("", "requests/s", "p50", "p99", "CPU a request", "min – max", "× nginx", "memory")

Rows = dict[str, dict[str, Spread]]
"""Contestant → figure → its values."""


def run(runs: int, progress: Callable[[str], None]) -> Report:
    """All proxies, started once for each kind of set-up, in so many interleaved rounds."""
    result = proxy.run(runs, progress=progress)
    found = {
        case: {
            name: {figure: Spread(tuple(values)) for figure, values in figures.items()}
            for name, figures in rows.items()
        }
        for case, rows in result.samples.items()
    }
    notes: proxy_notes.Notes = {}
    if found:
        progress(f"proxy: {NOTES}")
        try:
            notes = proxy_notes.run(runs)
        except LoadError as error:  # The race was run, and is to be seen.
            result.skipped[NOTES] = str(error)
    return report(found, result, notes)


def report(found: dict[str, Rows], result: proxy.Result, notes: proxy_notes.Notes) -> Report:
    """What was aimed at, then a table for each case."""
    cases = [case for case in CASES if case.name in found]
    rows = [row for case in cases for row in _aims(case, found[case.name])]
    if TWO_WORKERS in found:
        rows += _two_workers(found[TWO_WORKERS])
    rows += [_share(way, shares) for way, shares in notes.items()]
    if proxy.IDLE in found:
        rows += _idle_aim(found[proxy.IDLE])
    rows += [Row(name, None, "", skipped=f"skipped: {why}") for name, why in result.skipped.items()]
    tables = [_table(case, found[case.name]) for case in cases]
    if proxy.IDLE in found:
        tables.append(_idle_table(found[proxy.IDLE]))
    title = "Proxy: beside its peers"
    return Report("proxy", title, rows, _notes(result), tables, _picture(cases, found))


def _picture(cases: list[Case], found: dict[str, Rows]) -> str:
    ratios = {
        case.title: {
            name: figures["cpu_us"].median / found[case.name][BASE]["cpu_us"].median
            for name, figures in found[case.name].items()
        }
        for case in cases
        if BASE in found[case.name] and case.name != TWO_WORKERS
    }
    return picture(ratios, BASE, OURS, FACTOR) if ratios else ""


def _aims(case: Case, rows: Rows) -> list[Row]:
    ours = rows.get(OURS)
    if ours is None or case.name == TWO_WORKERS:
        return []
    limits = {BASE: case.factor}
    if case is MAIN:
        limits |= {name: 1 / times for name, times in LEANER.items()}
    aims = [
        _aim(f"{case.title}: CPU, against {name}", ours, rows[name], "cpu_us", "µs", factor)
        for name, factor in limits.items()
        if name in rows
    ]
    if case is MAIN and BASE in rows:
        what = f"{case.title}: p99, against {BASE}"
        aims.append(_aim(what, ours, rows[BASE], "p99_ms", "ms", P99_FACTOR))
    return aims


def _aim(
    what: str,
    ours: dict[str, Spread],
    theirs: dict[str, Spread],
    figure: str,
    unit: str,
    factor: float,
) -> Row:
    return Row(what, ours[figure], unit, factor * theirs[figure].median)


def _two_workers(rows: Rows) -> list[Row]:
    """CPU a request with two workers against one, round by round: what they are worth where the
    load generator leaves them a processor each. Twice the capacity at 1, 1.7 times at the aim."""
    found = []
    for name, one in rows.items():
        two = rows.get(f"{name} × 2")
        if two is not None:
            pairs = zip(two["cpu_us"].values, one["cpu_us"].values, strict=False)
            ratio = Spread(tuple(both / alone for both, alone in pairs))
            what = f"{name}, two workers: CPU a request, × one worker's"
            found.append(Row(what, ratio, "", 2 / WORTH if name == OURS else None))
    return found


def _share(way: str, shares: list[float]) -> Row:
    """How much of a request's CPU is for what it leaves behind."""
    what = NUMBERS if way == NUMBERS else f"numbers and access log ({way})"
    return Row(f"{what}, of the CPU of a request", Spread(tuple(shares)), "%", NOTES_SHARE)


def _idle_aim(rows: Rows) -> list[Row]:
    if OURS not in rows:
        return []
    what = f"memory of {IDLE_CONNECTIONS:,} idle connections"
    return [Row(what, rows[OURS]["idle_mb"], "MB", IDLE_MB)]


def _table(case: Case, rows: Rows) -> Comparison:
    base = rows.get(BASE)
    lines = [_line(name, figures, base) for name, figures in rows.items()]
    return Comparison(case.title, HEADER, lines, _values(rows))


def _line(name: str, figures: dict[str, Spread], base: dict[str, Spread] | None) -> tuple[str, ...]:
    cpu = figures["cpu_us"]
    return (
        name,
        f"{figures['requests_s'].median:,.0f}",
        f"{number(figures['p50_ms'].median)} ms",
        f"{number(figures['p99_ms'].median)} ms",
        f"{number(cpu.median)} µs",
        f"{number(cpu.low)} – {number(cpu.high)}",
        f"{cpu.median / base['cpu_us'].median:.2f}" if base else "",
        f"{number(figures['rss_mb'].median)} MB",
    )


def _idle_table(rows: Rows) -> Comparison:
    title = f"{IDLE_CONNECTIONS:,} idle connections"
    lines: list[tuple[str, ...]] = [
        (name, f"{number(figures['idle_mb'].median)} MB") for name, figures in rows.items()
    ]
    return Comparison(title, ("", "memory they take"), lines, _values(rows))


def _values(rows: Rows) -> dict[str, Any]:
    return {
        name: {figure: list(spread.values) for figure, spread in figures.items()}
        for name, figures in rows.items()
    }


def _notes(result: proxy.Result) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
    return [
        "CPU: user and system time of the proxy's process for each request. One process and one "
        "serving thread each; Go's proxies with GOMAXPROCS=1. The same nginx is all replicas.",
        "64 keep-alive connections unless the title says otherwise, by wrk with one thread. Load, "
        "backends and proxy share the processors, so requests/s compare, but say little alone.",
        f"Rounds of {proxy.ROUND_S} s, all proxies in turn, in another order each time; medians. "
        "Memory: the resident set after the load; for idle connections, its growth after each has "
        "had one answer.",
        "Each keeps connections to the replicas open and has its own buffer sizes; nginx goes "
        "without the temporary files it fills by default when a client is slower.",
        "bare: asyncio.Protocol on uvloop and httptools, keep-alive both ways and nothing else "
        "(benchmarks/bare_forwarder.py), as a floor: what the language itself costs.",
        "orch: compiled by mypyc, from Python; interpreted: the same files as they are.",
        "WebSockets: each of 64 has one message under way, by a client and replicas of our own "
        "(benchmarks/websocket_load.py, websocket_echo.py); a request is a message and its echo.",
        "Two workers share two processors with the load and the replicas, so their requests/s say "
        "nothing; 2 / (CPU a request with two, × one's) is the capacity where they do not share. "
        "HAProxy has threads instead.",
        f"What numbers and log cost: {proxy_notes.RUN_S} s a run of the plain request, through a "
        "worker that changes every 50 ms, in random order, between none, numbers, and numbers with "
        "a log of either format (benchmarks/switching_worker.py); the median of about 100 turns.",
        f"Versions: {versions}.",
    ]
