"""One run of load on a service: k6 makes it, and once a second a look at the controller."""

import os
import resource
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from orchestrator.cli.load.k6 import INTERRUPTED, THRESHOLD_FAILED, Outcome, Run
from orchestrator.cli.load.result import PERCENTILES, Happening, Result, Sample, result_of
from orchestrator.core.histogram import Histogram
from orchestrator.model.errors import OrchestratorError

if TYPE_CHECKING:
    from orchestrator.cli.client import Client

LOOK_S: Final = 1.0
Heard = Callable[[Sample], None]
_TOLD: Final = frozenset({0, THRESHOLD_FAILED, INTERRUPTED})


class Stopped(Exception):
    """Ctrl-C ended the run; `result` is what there is."""

    def __init__(self, result: Result, text: str) -> None:
        super().__init__("interrupted")
        self.result = result
        self.text = text


@dataclass
class _Watch:
    """The service's numbers from the beginning of the run on."""

    client: "Client"
    service: str
    began: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)
    _before: dict[str, int] = field(default_factory=dict)
    _last: dict[str, int] = field(default_factory=dict)
    _first_total: int = 0
    _total: int = 0
    _serial: int = 0
    _first_durations: Histogram = field(default_factory=Histogram)
    _wall: float = field(default_factory=time.time)

    def begin(self) -> None:
        """Remember what was counted before; time counts from when that is done."""
        view = self._view()
        self._first_total = self._total = view["requests"]
        self._before = {_name(row): row["requests"] for row in view["replicas"]}
        self._last = dict(self._before)
        self._first_durations = self._durations()
        newest = self.client.get("/v1/events", limit=1)
        self._serial = newest[-1]["serial"] if newest else 0
        self.began, self._wall = time.monotonic(), time.time()

    def look(self) -> Sample:
        """The last second."""
        view = self._view()
        self._total = max(self._total, view["requests"])
        for row in view["replicas"]:
            name = _name(row)
            self._last[name] = max(self._last.get(name, 0), row["requests"])
        for event in self.client.get("/v1/events", after=self._serial):
            self._serial = event["serial"]
            at_s = max(0.0, event["time"] - self._wall)
            words = event["reason"], event["object"], event["message"]
            self.happenings.append(Happening(round(at_s, 3), *words))
        sample = Sample(
            at_s=round(time.monotonic() - self.began, 3),
            requests_per_s=view["requests_per_s"],
            errors_per_s=view["errors_per_s"],
            p50_s=view["p50_s"],
            p99_s=view["p99_s"],
            in_flight=view["in_flight"],
            ready=sum(row["status"] == "Ready" for row in view["replicas"]),
        )
        self.samples.append(sample)
        return sample

    @property
    def counted(self) -> int:
        """Requests that the proxy answered since the beginning."""
        return self._total - self._first_total

    @property
    def shares(self) -> dict[str, int]:
        """Requests by replica (`web-2`), all its attempts together."""
        found: dict[str, int] = {}
        for name, count in self._last.items():
            slot = name.partition(".")[0]
            found[slot] = found.get(slot, 0) + count - self._before.get(name, 0)
        return found

    def latency_ms(self) -> dict[str, float]:
        """Of what the proxy answered since the beginning, named as k6 names it."""
        since = self._durations().since(self._first_durations)
        values = since.percentiles(PERCENTILES.values())
        named = zip(PERCENTILES, values, strict=True)
        return {name: value * 1000 for name, value in named if value is not None}

    def _durations(self) -> Histogram:
        counted = self.client.get(f"/v1/services/{self.service}/durations")
        return Histogram.from_json(counted)

    def _view(self) -> Any:
        rows = self.client.get("/v1/stats", service=self.service)["services"]
        if not rows:
            raise OrchestratorError(f"service {self.service} is no more")
        return rows[0]


def _name(row: Any) -> str:
    return f"{row['name']}.{row['attempt']}"


def run_load(
    client: "Client", service: str, script: str | Path, url: str, heard: Heard
) -> tuple[Result, str]:
    """Run a script of k6 (its text, or its file) to its end; what it showed, and k6's summary.

    Raises `OrchestratorError` if k6 cannot run it, `Stopped` on Ctrl-C.
    """
    with tempfile.TemporaryDirectory(prefix="orch-load-") as name:
        folder = Path(name)
        path = script if isinstance(script, Path) else folder / "load.js"
        if isinstance(script, str):
            path.write_text(script)
        watch = _Watch(client, service)
        watch.begin()
        used = _cpu_s()
        run = Run(folder, path.resolve(), {"ORCH_URL": url})
        try:
            interrupted = _follow(run, watch, heard)
        finally:
            run.interrupt()
        seconds = time.monotonic() - watch.began
        watch.look()
        latency_ms = watch.latency_ms()
        outcome = run.outcome(_cpu_s() - used)
    _refuse(outcome)
    result = result_of(
        outcome, url, seconds, watch.counted, latency_ms, watch.shares, watch.samples,
        watch.happenings,
    )  # fmt: skip
    if interrupted:
        raise Stopped(result, outcome.text)
    return result, outcome.text


def _follow(run: Run, watch: _Watch, heard: Heard) -> bool:
    """Look until it ends; whether a person ended it."""
    try:
        while not run.wait(LOOK_S):
            heard(watch.look())
    except KeyboardInterrupt:
        run.interrupt()
        return True
    return False


def _refuse(outcome: Outcome) -> None:
    """Raise what k6 says where it did not run."""
    if outcome.code in _TOLD and outcome.metrics:
        return
    said = outcome.complaints.splitlines()[-8:] or ["it says nothing"]
    raise OrchestratorError(f"k6 ended with {outcome.code}: " + "\n  ".join(said))


def _cpu_s() -> float:
    """CPU time of our children that have ended, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def processors() -> int:
    """That this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
