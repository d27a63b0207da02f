"""What numbers and access log take of a request's CPU: `python -m benchmarks.proxy_notes`."""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import switchable
from benchmarks.http import free_port
from benchmarks.proxy_cases import MAIN
from benchmarks.proxy_configs import Site
from benchmarks.proxy_contestants import Ours, backends
from benchmarks.proxy_load import LoadError, load
from benchmarks.switching_worker import FILE, NONE, WAYS

RUN_S: Final = 20
RUNS: Final = 3
REPLICAS: Final = 3
WORKER: Final = "benchmarks.switching_worker"

Notes = dict[str, list[float]]
"""Way of taking notes → percent of a request's CPU, run by run."""


def run(runs: int = RUNS, seconds: int = RUN_S) -> Notes:
    """With a worker of its own for each run. Raises `LoadError`."""
    found = [shares_of(_phases(seconds)) for _ in range(runs)]
    return {way: [shares[way] for shares in found] for way in found[0]}


def _phases(seconds: int) -> dict[str, list[float]]:
    """Way → CPU µs of a request, phase by phase."""
    with tempfile.TemporaryDirectory(prefix="bench-notes-") as name:
        folder = Path(name)
        with backends(folder, REPLICAS) as ports:
            site = Site(folder, free_port(), ports, access_log=False, websocket=False, workers=1)
            sources = folder / "sources"
            switchable.make(sources)
            with Ours(worker=WORKER, root=sources).running(site):
                load(folder, site.port, MAIN, seconds)
                return read(folder)


def read(folder: Path) -> dict[str, list[float]]:
    """What the worker found. Raises `LoadError` where a way of taking notes has no phase."""
    phases: dict[str, list[float]] = {}
    for file in folder.rglob(FILE):
        phases |= json.loads(file.read_text())
    if missing := [way for way in WAYS if not phases.get(way)]:
        raise LoadError(f"too few requests to tell what it costs: {', '.join(missing)}")
    return phases


def shares_of(phases: dict[str, list[float]]) -> dict[str, float]:
    """Percent of a request's CPU: each turn is compared with itself, the median turn counts."""
    return {
        way: median(
            100 * (1 - without / whole)
            for without, whole in zip(phases[NONE], phases[way], strict=False)
        )
        for way in WAYS
        if way != NONE
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proxy_notes", description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seconds", type=int, default=RUN_S, help="length of a run")
    options = parser.parse_args()
    for way, shares in run(options.runs, options.seconds).items():
        print(f"{way:9}", *(f"{share:5.1f} %" for share in shares))


if __name__ == "__main__":
    main()
