"""The proxy's race against nginx and HAProxy, as a report like the others."""

from collections import defaultdict
from collections.abc import Callable
from typing import Final

from benchmarks import proxy
from benchmarks.report import Report, Row
from benchmarks.spread import Spread

OURS: Final = "orch"
BASE: Final = "nginx"
FACTOR: Final = 1.5
ROUND_S: Final = 2
CASES: Final = {"bare": "a bare request", "browser": "a browser's headers"}

Key = tuple[str, str, str]


def run(runs: int, progress: Callable[[str], None]) -> Report:
    """All proxies one after the other, so many times, each time started anew."""
    found: dict[Key, list[float]] = defaultdict(list)
    skipped: dict[str, str] = {}
    for turn in range(runs):
        progress(f"proxy {turn + 1}/{runs}")
        result = proxy.run(rounds=1, round_s=ROUND_S)
        skipped |= result["skipped"]
        for case, rows in result.get("cases", {}).items():
            for name, figures in rows.items():
                for figure, value in figures.items():
                    found[case, name, figure].append(value)
    return _report({key: Spread(tuple(values)) for key, values in found.items()}, skipped)


def _report(found: dict[Key, Spread], skipped: dict[str, str]) -> Report:
    rows = []
    for (case, name, figure), spread in found.items():
        if figure == "cpu_us":
            base = found.get((case, BASE, figure))
            aim = FACTOR * base.median if base and name == OURS else None
            rows.append(Row(f"{name}, {CASES.get(case, case)}: processor", spread, "µs", aim))
    rows += [
        Row(f"{name}, {CASES.get(case, case)}: throughput", spread, "requests/s")
        for (case, name, figure), spread in found.items()
        if figure == "requests_s"
    ]
    rows += [Row(name, None, "", skipped=f"skipped: {why}") for name, why in skipped.items()]
    notes = [
        "Processor time of the proxy process per request, one process and one thread each, before "
        "the same three nginx backends (1 KB); 64 keep-alive connections by wrk on this machine.",
        f"Aim: ≤ {FACTOR} × {BASE}'s of the same runs.",
    ]
    return Report("proxy", "Proxy: processor time per request", rows, notes)
