"""What the soak found: a report like the others', and whether every promise was kept."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Final

from benchmarks.report import Comparison, Report, Row
from benchmarks.soak.growth import Growth
from benchmarks.soak.sockets import Counts
from benchmarks.soak.verdict import BROKEN, Fate, Sent, Verdict
from benchmarks.soak.watch import CONTROLLER, WORKER
from benchmarks.spread import Spread

# Over the second half. What grows and is meant to: the event log, up to 10,000 events of about
# 0.5 KB; arenas that the allocator keeps. A leak of 100 bytes a request is 18 MB in 15 minutes.
GROWTH_MB: Final = 8.0
# At rest. The controller watches each replica, may probe some at the moment, and there may be more
# than at the begin; on Docker it keeps as many connections to the engine as were in use at once. A
# leak of one descriptor for each replica that dies is hundreds.
SPARE: Final = {CONTROLLER: 30, WORKER: 2}


@dataclass(slots=True)
class Outcome:
    """Everything that is known at the end. `trouble`: sentences on promises broken beside the
    ledger's; `surplus`: descriptors after all traffic, less those before it, by role."""

    total_s: float
    setting: str
    """Of this run, in words."""
    verdict: Verdict = field(default_factory=Verdict)
    kinds: Counter[str] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    growth: list[Growth] = field(default_factory=list)
    surplus: dict[str, int] = field(default_factory=dict)
    sockets: Counts = field(default_factory=Counts)
    trouble: list[str] = field(default_factory=list)

    def take(self, sent: Sequence[Sent]) -> None:
        """Count the requests, and time those that were answered well."""
        self.kinds = Counter(one.kind for one in sent)
        self.latencies_ms = [
            1000 * (one.ended - one.begun)
            for one in sent
            if one.answered and one.kind != "slow reader"
        ]

    @property
    def broken(self) -> list[str]:
        """Every broken promise in words."""
        missed = [f"{row.what}: {row.cells()[1]}" for row in self._bounded() if row.met is False]
        wrong = [f"WebSocket: {one}" for one in self.sockets.wrong]
        return [*self.verdict.broken, *wrong, *missed, *self.trouble]

    def report(self) -> Report:
        """Tables and notes."""
        title = f"Soak: {self.total_s / 60:g} minutes, replicas killed and rolled all the time"
        rows = [*self._bounded(), *self._times()]
        fates = [
            (str(fate), f"{self.verdict.fates[fate]:,}") for fate in Fate if fate not in BROKEN
        ]
        events = {
            **{f"requests, {kind}": count for kind, count in self.kinds.items()},
            "WebSockets": self.sockets.sessions,
            "WebSocket messages that came back": self.sockets.messages,
            "WebSockets that ended with their replica or worker": self.sockets.cut,
            **self.done,
        }
        told = [(name, f"{count:,}") for name, count in events.items()]
        return Report("soak", title, rows, [*self._notes()], [
            Comparison("What became of the requests", ("", "requests"), [*fates], {}),
            Comparison("What happened meanwhile", ("", "times"), [*told], dict(events)),
        ])  # fmt: skip

    def _bounded(self) -> Iterator[Row]:
        """What has a bound."""
        for fate in Fate:
            if fate in BROKEN:
                yield _row(f"requests {fate}", self.verdict.fates[fate], "", 0)
        yield _row("WebSocket messages that came back otherwise", len(self.sockets.wrong), "", 0)
        for one in self.growth:
            what = f"{one.role}: growth in the last {one.seconds:.0f} s, of {one.rss_mb:.1f} MB"
            yield _row(what, one.rss_growth_mb, "MB", GROWTH_MB)
        for role, more in self.surplus.items():
            yield _row(f"{role}: descriptors more than before, at rest", more, "", SPARE[role])

    def _times(self) -> Iterator[Row]:
        if len(self.latencies_ms) < 2:
            return
        cuts = quantiles(self.latencies_ms, n=100)
        for percent in (50, 99):
            yield _row(f"latency, p{percent}", cuts[percent - 1], "ms", None)

    def _notes(self) -> Iterator[str]:
        yield self.setting
        yield (
            "Each request has an id of its own; each replica tells a ledger outside what it "
            "executes, before it answers. Bodies of up to 200 KB both ways follow from the id. The "
            "replica takes 0, 0, 5, 50 or 200 ms."
        )
        yield (
            "An excuse counts only for the very replica (or worker) that was killed, at that time. "
            "Growth: least squares over the second half; processes with too few looks are left out."
        )
        yield from (f"**Broken:** {text}" for text in self.broken)
        if not self.broken:
            yield "Every promise was kept."


def _row(what: str, value: float, unit: str, aim: float | None) -> Row:
    return Row(what, Spread((value,)), unit, aim)
