"""Run simulations: many seeds, or one of them again with its story."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.run import Outcome, simulate


def main() -> int:
    """0 if no invariant broke."""
    options = _options()
    if options.seed is not None:
        outcome = simulate(options.seed)
        print("\n".join(outcome.story))
        _report(outcome)
        return bool(outcome.broken)
    began, virtual_s, broken = time.monotonic(), 0.0, 0
    for outcome in _outcomes(range(options.first, options.first + options.runs), options.jobs):
        virtual_s += outcome.virtual_s
        if outcome.broken:
            broken += 1
            _report(outcome)
    took_s = time.monotonic() - began
    print(f"{options.runs} runs, {virtual_s / 3600:.1f} virtual hours in {took_s:.1f} s:", end=" ")
    print(f"{broken} broken" if broken else "no invariant broken")
    return bool(broken)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="run this one and tell all that happened")
    parser.add_argument("--runs", type=int, default=1000, help="how many seeds (default: 1000)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    return parser.parse_args()


def _outcomes(seeds: range, jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(simulate, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(simulate, seeds, chunksize=8)


def _report(outcome: Outcome) -> None:
    verdict = f"broken: {outcome.broken}" if outcome.broken else "no invariant broken"
    print(f"seed {outcome.seed}: {outcome.virtual_s:.0f} virtual s, {outcome.digest}, {verdict}")
    print(f"  again: python -m tests.simulation --seed {outcome.seed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
