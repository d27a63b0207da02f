"""Command line: `python -m benchmarks [startup|recovery|idle|…]…`, or `… soak`."""

import argparse
import json
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks import machine
from benchmarks.page import write
from benchmarks.report import Report
from benchmarks.size import FULL, Size

RUNS: Final = 5


class NoEngineError(Exception):
    """A benchmark needs a Docker engine and none answers."""


def startup(options: argparse.Namespace) -> Report:
    """Twenty replicas, from nothing to answering."""
    from benchmarks.startup import run

    return run(_engine(), options.runs, say)


def recovery(options: argparse.Namespace) -> Report:
    """A replica killed under load."""
    from benchmarks.recovery import run

    return run(_engine(), options.runs, say)


def idle(options: argparse.Namespace) -> Report:
    """Twenty replicas and nothing to do."""
    from benchmarks.idle import run

    return run(_engine(), options.runs, say)


def proxy(options: argparse.Namespace) -> Report:
    """Requests through the proxy beside nginx, HAProxy, Envoy, Traefik and Caddy."""
    from benchmarks.race import run

    return run(options.runs, say)


def slow(options: argparse.Namespace) -> Report:
    """Others' requests while slowhttptest holds a thousand connections."""
    from benchmarks.slow import run

    return run(options.runs, say)


def placement(options: argparse.Namespace) -> Report:
    """Decisions on ten thousand nodes."""
    from benchmarks.placement import run

    return run(options.runs, say)


def scale(options: argparse.Namespace) -> Report:
    """A whole controller of a hundred thousand simulated replicas."""
    from benchmarks.scale import run

    return run(options.runs, options.size, say)


def packing(options: argparse.Namespace) -> Report:
    """Bins over the optimum, for the instances and traces in `--data`."""
    from benchmarks.packing.run import run

    return run(options.data, say)


def dashboard(options: argparse.Namespace) -> Report:
    """The page: its weight, its updates, hours of it, and a newcomer's first minute."""
    from benchmarks.dashboard import run

    return run(options.runs, say)


BENCHMARKS: Final[dict[str, Callable[[argparse.Namespace], Report]]] = {
    "startup": startup,
    "recovery": recovery,
    "idle": idle,
    "proxy": proxy,
    "slow": slow,
    "placement": placement,
    "scale": scale,
    "packing": packing,
    "dashboard": dashboard,
}


def main() -> int:
    """Run what was asked for. Exit code 1 if a benchmark failed, 130 after Ctrl-C."""
    if sys.argv[1:2] == ["soak"]:
        from benchmarks.soak.run import main as soak

        return soak(sys.argv[2:])
    parser = _parser()
    options = parser.parse_args()
    if "packing" in options.names and options.data is None:
        parser.error("packing needs --data DIR")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # cleans up, as Ctrl-C does
    facts = machine.facts()
    print("\n".join(f"{name}: {value}" for name, value in facts.items()), flush=True)
    if warning := machine.load_warning():
        say(f"warning: {warning}")
    reports = []
    names = options.names or [name for name in BENCHMARKS if name != "packing" or options.data]
    try:
        for name in names:
            if report := _tried(name, options):
                reports.append(report)
    except KeyboardInterrupt:
        return 130
    _keep(options, facts, reports)
    return 0 if len(reports) == len(names) else 1


def _tried(name: str, options: argparse.Namespace) -> Report | None:
    """The report, printed; None when there is none, with the reason on stderr."""
    try:
        report = BENCHMARKS[name](options)
    except NoEngineError:
        say(f"{name}: skipped, no Docker engine answers (make engine)")
        return None
    except Exception:
        traceback.print_exc()
        say(f"{name}: failed")
        return None
    print(f"\n{report.markdown()}", flush=True)
    return report


def _keep(options: argparse.Namespace, facts: dict[str, str], reports: list[Report]) -> None:
    if options.json:
        found = {"machine": facts, "reports": [report.as_json() for report in reports]}
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    if options.write and reports:
        say(f"written: {write(facts, reports)}")


def say(text: str) -> None:
    """Progress, beside the tables on stdout."""
    print(text, file=sys.stderr, flush=True)


def _engine() -> Any:
    client = machine.engine_client()
    if client is None:
        raise NoEngineError
    return client


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", type=_benchmark,
        help=f"which: {', '.join(BENCHMARKS)} (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--runs", type=_at_least_one, default=RUNS, help=f"runs of each (default: {RUNS})"
    )
    parser.add_argument(
        "--size", type=_size, default=FULL, metavar="SxRxN",
        help="scale: services, replicas of each, nodes (default: 1000x100x10000)",
    )  # fmt: skip
    parser.add_argument("--data", type=Path, metavar="DIR", help="instances and traces to pack")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every value there")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    return parser


def _benchmark(text: str) -> str:
    if text not in BENCHMARKS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(BENCHMARKS)}")
    return text


def _size(text: str) -> Size:
    try:
        return Size.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not like 1000x100x10000") from error


def _at_least_one(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
