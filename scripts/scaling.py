"""Measures how far the sample app scales, for docs/scaling.md: `make scaling`.

Starts it on the process engine, once with a CPU limit small enough that all replicas fit beside k6
and once without, has `orch load` take each curve a few times, and writes the picture and the part
of the page between its two marks. A step's figure is the median of its runs.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from orchestrator.cli.load.curve import USERS, Curve, Step
from orchestrator.cli.load.report import curve_plots
from orchestrator.cli.load.running import processors
from orchestrator.cli.render.picture import picture
from orchestrator.core.scalability import Point, fit, in_words

ROOT: Final = Path(__file__).parent.parent
PAGE: Final = ROOT / "docs" / "scaling.md"
PICTURE: Final = ROOT / "docs" / "scaling.svg"
BEGIN: Final = "<!-- measured: make scaling -->"
END: Final = "<!-- measured: end -->"
ROUNDS: Final = 3
COUNTS: Final = "1,2,4,8"
DURATION: Final = "5s"
LIMIT: Final = "100m"
PLOT_WIDTH: Final = 600


@dataclass(frozen=True, slots=True)
class Case:
    """One endpoint of one service."""

    title: str
    service: str
    path: str


CASES: Final = (
    Case("It waits", "limited", "/wait?ms=200"),
    Case("It computes", "limited", "/work?ms=2"),
    Case("It computes, no CPU limit", "unlimited", "/work?ms=2"),
)


def manifest() -> str:
    """Both services, one replica each."""
    node = "kind: Node\nname: here\ncapacity: {cpu: 4, memory: 4Gi}\n"
    resources = {
        "limited": f"{{requests: {{cpu: {LIMIT}}}, limits: {{cpu: {LIMIT}}}}}",
        "unlimited": f"{{requests: {{cpu: {LIMIT}}}}}",
    }
    return "---\n".join([node, *(_service(name, text) for name, text in resources.items())])


def _service(name: str, resources: str) -> str:
    return f"""
kind: Service
name: {name}
command: [{sys.executable}, -m, sample_app]
process: {{workdir: {ROOT}}}
port: 8000
resources: {resources}
probes:
  startup: {{path: /healthz, period: 200ms, failureThreshold: 300}}
  readiness: {{path: /healthz, period: 1s, timeout: 5s, failureThreshold: 10}}
stopGracePeriod: 2s
proxy: {{listen: {_free_port()}}}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """The services up; the environment in which `orch` finds them."""
    with tempfile.TemporaryDirectory(prefix="orch-") as folder:
        environment = {**os.environ, "ORCH_PROJECT": "scaling", "ORCH_STATE_DIR": folder}
        file = Path(folder, "scaling.yaml")
        file.write_text(manifest())
        up = ("up", "-f", str(file), "--engine", "process", "--detach", "--wait")
        try:
            orch(environment, *up)
            yield environment
        finally:
            orch(environment, "down")


def orch(environment: dict[str, str], *arguments: str) -> str:
    """What a command prints on stdout. Raises `CalledProcessError`."""
    argv = [sys.executable, "-m", "orchestrator", *arguments]
    done = subprocess.run(
        argv, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment
    )
    return done.stdout


def measure(environment: dict[str, str], case: Case) -> dict[str, Any]:
    """One curve, as `orch load` tells it."""
    load = ("load", case.service, "--scale", COUNTS, "--duration", DURATION, "--path", case.path)
    answer: dict[str, Any] = json.loads(orch(environment, *load, "-o", "json"))
    return answer


def middle(curves: Sequence[dict[str, Any]]) -> Curve:
    """The curve of the medians."""
    steps = tuple(_step(runs) for runs in zip(*(curve["steps"] for curve in curves), strict=True))
    law = fit([Point(step.size, step.per_s) for step in steps])
    words = tuple(in_words(law, steps[-1].size))
    return Curve(curves[0]["service"], curves[0]["url"], "replicas", steps, law, words)


def _step(runs: Sequence[dict[str, Any]]) -> Step:
    medians = {
        name: statistics.median(run[name] for run in runs) for name in ("per_s", "p50_ms", "p99_ms")
    }
    failed = sum(run["failed"] for run in runs)
    doubts = tuple(dict.fromkeys(doubt for run in runs for doubt in run["doubts"]))
    return replace(Step(**runs[0]), **medians, failed=failed, doubts=doubts)


def text_of(curves: Sequence[tuple[Case, Curve]], busy: float) -> str:
    """What goes between the marks."""
    conditions = (
        f"{processors()} processors, load average {busy:.1f} before the runs; the median of "
        f"{ROUNDS} runs of\n{DURATION}, {USERS} virtual users for each replica."
    )
    parts = ["![Throughput and p99 of the sample app against replicas](scaling.svg)", conditions]
    return "\n\n".join([*parts, *(_part(case, curve) for case, curve in curves)])


def _part(case: Case, curve: Curve) -> str:
    law = curve.law
    assert law is not None
    limit = f"limit {LIMIT}" if case.service == "limited" else "no limit"
    rows = [
        f"| {step.size} | {step.per_s:.0f} | {step.per_s / curve.ideal(step.size):.0%} "
        f"| {step.p50_ms:.0f} ms | {step.p99_ms:.0f} ms | {step.failed} |"
        for step in curve.steps
    ]
    doubts = [f"{step.label}: {doubt}" for step in curve.steps for doubt in step.doubts]
    return "\n".join(
        [
            f"**{case.title}** (`{case.path}`, {limit}): σ = {law.sigma:.3f}, κ = {law.kappa:.4f}",
            "",
            "| replicas | requests/s | of ideal | p50 | p99 | failed |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
            "> " + "\n> ".join([*curve.words, *doubts]),
        ]
    )


def write(curves: Sequence[tuple[Case, Curve]], busy: float) -> None:
    """The picture, and the page around it."""
    plots = [
        drawn
        for case, curve in curves
        for drawn in curve_plots(curve, (case.title, f"{case.title}: p99"), PLOT_WIDTH)
    ]
    drawn = picture("The sample app on 1, 2, 4 and 8 replicas", plots, columns=2, width=PLOT_WIDTH)
    PICTURE.write_text(drawn.svg, encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page = f"{before}{BEGIN}\n{text_of(curves, busy)}\n{END}{after}"
    PAGE.write_text(page, encoding="utf-8")


def main() -> None:
    """Measure in rounds, so that what else the machine does meets all cases alike."""
    busy = os.getloadavg()[0]
    found: dict[Case, list[dict[str, Any]]] = {case: [] for case in CASES}
    with running() as environment:
        for _ in range(ROUNDS):
            for case in CASES:
                found[case].append(measure(environment, case))
    write([(case, middle(curves)) for case, curves in found.items()], busy)


if __name__ == "__main__":
    main()
