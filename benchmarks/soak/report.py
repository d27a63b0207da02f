"""What the soak found: a table, JSON, and whether every promise was kept."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import quantiles
from typing import Any, Final

from benchmarks.report import number, table
from benchmarks.soak.growth import Growth
from benchmarks.soak.sockets import Counts
from benchmarks.soak.verdict import BROKEN, Fate, Sent, Verdict

# Over the second half. What grows and is meant to: the event log, up to 10,000 events of about
# 0.5 KB; arenas that the allocator keeps. A leak of 100 bytes a request is 18 MB in 15 minutes.
GROWTH_MB: Final = 8.0


@dataclass(slots=True)
class Outcome:
    """Everything that is known at the end. `trouble`: sentences of promises broken beside the
    ledger's."""

    total_s: float
    chaos: str
    verdict: Verdict = field(default_factory=Verdict)
    kinds: Counter[str] = field(default_factory=Counter)
    latencies_ms: list[float] = field(default_factory=list)
    done: dict[str, int] = field(default_factory=dict)
    growth: list[Growth] = field(default_factory=list)
    surplus: dict[str, int] = field(default_factory=dict)
    """Descriptors after all traffic, less those before it, by role."""
    sockets: Counts = field(default_factory=Counts)
    trouble: list[str] = field(default_factory=list)

    def take(self, sent: Sequence[Sent]) -> None:
        """Count the requests, and time those that were answered at once and whole."""
        self.kinds = Counter(one.kind for one in sent)
        self.latencies_ms = [
            1000 * (one.ended - one.begun)
            for one in sent
            if one.answered and one.kind != "slow reader"
        ]

    @property
    def broken(self) -> list[str]:
        """Every broken promise."""
        return [
            *self.verdict.broken,
            *(f"WebSocket: {wrong}" for wrong in self.sockets.wrong),
            *(trouble for one in self.growth for trouble in _grown(one)),
            *self.trouble,
        ]

    @property
    def kept(self) -> bool:
        """Whether all promises were."""
        return self.verdict.kept and not self.broken

    def text(self) -> str:
        """The tables and the verdict."""
        rows: list[tuple[str, ...]] = [(name, f"{count:,}") for name, count in self._counts()]
        grown: list[tuple[str, ...]] = [
            (f"{one.role} (pid {one.pid})", f"{number(one.rss_mb)} MB",
             f"{one.rss_growth_mb:+.2f} MB", number(one.descriptors),
             f"{one.descriptor_growth:+.1f}", f"{one.seconds:.0f} s")
            for one in self.growth
        ]  # fmt: skip
        header: tuple[str, ...] = (
            "second half, mean and growth",
            "memory",
            "",
            "descriptors",
            "",
            "over",
        )
        verdict = [f"BROKEN: {text}" for text in self.broken] or ["every promise was kept"]
        return "\n".join(
            [*table(("what", "count"), rows), "", *table(header, grown), "", *verdict]
        )  # fmt: skip

    def _counts(self) -> list[tuple[str, int]]:
        fates = [(str(fate), self.verdict.fates[fate]) for fate in Fate]
        return [
            ("requests", self.verdict.fates.total()),
            *((f"… {name}", count) for name, count in self.kinds.items()),
            *((text + (" (must be 0)" if text in BROKEN else ""), n) for text, n in fates),
            ("WebSockets", self.sockets.sessions),
            ("… messages that came back", self.sockets.messages),
            ("… cut off with their replica or worker", self.sockets.cut),
            *self.done.items(),
            *((f"{role}: descriptors left at rest", more) for role, more in self.surplus.items()),
            *((f"latency p{percent}, ms", value) for percent, value in self._percentiles()),
        ]

    def _percentiles(self) -> list[tuple[int, int]]:
        if len(self.latencies_ms) < 2:
            return []
        cuts = quantiles(self.latencies_ms, n=100)
        return [(percent, round(cuts[percent - 1])) for percent in (50, 99)]

    def as_json(self) -> dict[str, Any]:
        """The same."""
        return {
            "seconds": self.total_s,
            "chaos": self.chaos,
            "counts": dict(self._counts()),
            "growth": [asdict(one) for one in self.growth],
            "broken": self.broken,
        }


def _grown(one: Growth) -> list[str]:
    found = []
    if one.rss_growth_mb > GROWTH_MB:
        found.append(f"{one.role} grew by {one.rss_growth_mb:.1f} MB in {one.seconds:.0f} s")
    return found
