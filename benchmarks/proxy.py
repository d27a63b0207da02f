"""The proxy beside its peers: `python -m benchmarks.proxy` for a quick look at single cases.

One process and one thread each (Go's run with GOMAXPROCS=1), the same nginx with all replicas
behind, keep-alive connections by wrk. Rounds are short, interleaved and in random order, so that
what else the machine does falls on all alike; the medians count.
"""

import argparse
import itertools
import json
import random
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.http import free_port
from benchmarks.proxy_cases import CASES, IDLE_CONNECTIONS, MAIN, Case, Setup
from benchmarks.proxy_configs import Site
from benchmarks.proxy_contestants import (
    BARE,
    INTERPRETED,
    Contestant,
    backends,
    contestants,
    echoes,
    program,
)
from benchmarks.proxy_cpu import cpu_seconds, rss_bytes
from benchmarks.proxy_load import LoadError, allow_many_connections, idle_connections, load

ROUND_S: Final = 1
ROUNDS: Final = 6
WARM_UP_S: Final = 1
IDLE: Final = "idle"
# What a request leaves in an access log at least.
_LINE_BYTES: Final = 20


@dataclass
class Result:
    """Samples by case, contestant and figure; why there are none; what was compared.

    Figures: `cpu_us` (of the proxy, a request), `requests_s`, `p50_ms`, `p99_ms`, `rss_mb`; in the
    case `idle` only `idle_mb`, what so many idle connections take.
    """

    samples: dict[str, dict[str, dict[str, list[float]]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    )
    skipped: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def add(self, case: str, contestant: str, figures: dict[str, float]) -> None:
        """One round's."""
        for figure, value in figures.items():
            self.samples[case][contestant][figure].append(value)

    def medians(self) -> dict[str, dict[str, dict[str, float]]]:
        """Of all rounds, in the same order."""
        return {
            case: {
                name: {figure: statistics.median(values) for figure, values in figures.items()}
                for name, figures in rows.items()
            }
            for case, rows in self.samples.items()
        }


@dataclass(frozen=True, slots=True)
class Running:
    """A contestant that serves."""

    contestant: Contestant
    site: Site
    pids: tuple[int, ...]

    @property
    def name(self) -> str:
        """Of the contestant, with how many workers if there are several."""
        name, workers = self.contestant.name, self.site.workers
        return name if workers == 1 else f"{name} × {workers}"

    def cpu_seconds(self) -> float:
        """Of all its processes."""
        return sum(map(cpu_seconds, self.pids))

    def rss_bytes(self) -> int:
        """Of all its processes."""
        return sum(map(rss_bytes, self.pids))

    def can(self, case: Case) -> bool:
        """Whether it takes part."""
        if self.contestant.name == INTERPRETED:
            return case == MAIN
        return case.bare or self.contestant.name != BARE


def run(
    rounds: int = ROUNDS,
    round_s: int = ROUND_S,
    cases: Sequence[Case] = CASES,
    only: Sequence[str] = (),
    progress: Callable[[str], None] = lambda _: None,
) -> Result:
    """Race all that are installed, or `only` those."""
    result = Result()
    if missing := [name for name in ("wrk", "nginx") if not program(name)]:
        result.skipped["all"] = f"needs {' and '.join(missing)}: apt-get install wrk nginx-light"
        return result
    allow_many_connections()
    racing = [one for one in contestants() if not only or one.name in only]
    result.skipped |= {one.name: one.missing for one in racing if one.missing}
    present = [one for one in racing if not one.missing]
    result.versions = {one.name: one.version for one in present}
    for setup, group in itertools.groupby(cases, key=lambda case: case.setup):
        with _stage(setup, present) as running:
            if setup == Setup():
                _idle(running, result)
            for case in group:
                progress(f"proxy: {case.title}")
                _race(running, case, rounds, round_s, result)
    return result


@contextmanager
def _stage(setup: Setup, present: Sequence[Contestant]) -> Iterator[list[Running]]:
    """All contestants, started anew before the same backends."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-proxy-")))
        behind = echoes if setup.websocket else backends
        ports = stack.enter_context(behind(folder, setup.replicas))
        running = []
        chosen = [one for one in present if not setup.only or one.name in setup.only]
        for contestant, workers in itertools.product(chosen, setup.workers):
            own = folder / f"{contestant.name}-{workers}"
            own.mkdir()
            site = Site(own, free_port(), ports, setup.access_log, setup.websocket, workers)
            pids = stack.enter_context(contestant.running(site))
            running.append(Running(contestant, site, pids))
        yield running


def _idle(running: Sequence[Running], result: Result) -> None:
    """What idle connections take, before any load has made room for them."""
    for one in running:
        before = one.rss_bytes()
        try:
            with idle_connections(one.site.port, IDLE_CONNECTIONS):
                taken = one.rss_bytes() - before
        except OSError as error:
            result.skipped[f"{one.name}, idle connections"] = repr(error)
        else:
            result.add(IDLE, one.name, {"idle_mb": taken / 1e6})


def _race(
    running: Sequence[Running], case: Case, rounds: int, round_s: int, result: Result
) -> None:
    able = [one for one in running if one.can(case) and _warm_up(one, case, result)]
    for number in range(rounds):
        # The first is in order, which is that of the tables.
        for one in random.sample(able, len(able)) if number else able:
            try:
                result.add(case.name, one.name, _sample(one, case, round_s))
            except LoadError as error:
                result.skipped[f"{one.name}, {case.title}"] = str(error)


def _warm_up(one: Running, case: Case, result: Result) -> bool:
    """Fill connections and caches, and see whether it does what the case is about."""
    try:
        requests = load(one.site.folder, one.site.port, case, WARM_UP_S)["requests"]
    except LoadError as error:
        result.skipped[f"{one.name}, {case.title}"] = str(error)
        return False
    if case.setup.access_log and _written(one.site.folder) < requests * _LINE_BYTES / 2:
        result.skipped[f"{one.name}, {case.title}"] = "writes no access log"
        return False
    return True


def _written(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _sample(one: Running, case: Case, round_s: int) -> dict[str, float]:
    before = one.cpu_seconds()
    figures = load(one.site.folder, one.site.port, case, round_s)
    used = one.cpu_seconds() - before
    return {
        "cpu_us": used / figures.pop("requests") * 1e6,
        **figures,
        "rss_mb": one.rss_bytes() / 1e6,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy", description=__doc__)
    names = [case.name for case in CASES]
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"which: {', '.join(names)}")
    parser.add_argument("--only", action="append", default=[], metavar="PROXY")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=ROUND_S, help="length of a round")
    options = parser.parse_args()
    if unknown := set(options.cases) - set(names):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    chosen = [case for case in CASES if not options.cases or case.name in options.cases]
    result = run(options.rounds, options.seconds, chosen, options.only)
    print(json.dumps(_plain(result), indent=2))


def _plain(result: Result) -> dict[str, Any]:
    return {
        "medians": result.medians(), "skipped": result.skipped, "versions": result.versions
    }  # fmt: skip


if __name__ == "__main__":
    main()
