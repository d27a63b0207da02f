"""What became of each request, from what the client saw, what the ledger has, and who died when.

Pure: times are seconds of one clock. The promises are those of `docs/limits.md` and of the proxy's
retries: what can be repeated is answered, what cannot is executed once at most, and the only excuse
is the death of the very process that had the request.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

IDEMPOTENT: Final = frozenset({"GET", "HEAD", "PUT", "DELETE"})
REPLAY_BYTES: Final = 64 * 1024
"""The proxy keeps no more of a request's body for a second try."""
NOTICED_S: Final = 2.0
"""So long after a death its victims may still come to light."""
PROXY: Final = "proxy worker"
EXAMPLES: Final = 10


@dataclass(slots=True)
class Sent:
    """One request as its client saw it. `status` 0: no answer at all."""

    id: str
    method: str
    digest: str
    body_bytes: int
    kind: str
    begun: float
    ended: float = 0.0
    status: int = 0
    replica: str = ""
    complete: bool = False
    intact: bool = False
    """The body of the answer is the one that belongs to the id."""
    error: str = ""
    closing: bool = False
    """The answer said that the connection ends with it."""
    unread: bool = False
    """It was pipelined behind such an answer."""

    @property
    def answered(self) -> bool:
        """A whole answer of a replica."""
        return self.status == 200 and self.complete


@dataclass(frozen=True, slots=True)
class Executed:
    """A line of the ledger."""

    digest: str
    replica: str


@dataclass(frozen=True, slots=True)
class Death:
    """Somebody was killed: a replica by name, or `PROXY`. Between `begun` and `ended` it died."""

    victim: str
    begun: float
    ended: float

    def explains(self, sent: Sent) -> bool:
        """Whether the victim can have taken the request along."""
        alike = sent.status == 0 or not sent.complete if self.victim == PROXY else (
            self.victim == sent.replica
        )  # fmt: skip
        return alike and self.meets(sent)

    def meets(self, sent: Sent) -> bool:
        """Whether it happened while the request was under way, or came to light then."""
        return sent.begun <= self.ended + NOTICED_S and self.begun <= sent.ended


def unasked(ends: Iterable[float], deaths: Sequence[Death], within_s: float) -> int:
    """How many idle connections the proxy closed though no worker had died `within_s` before."""
    workers = [death for death in deaths if death.victim == PROXY]
    return sum(
        not any(death.begun <= end <= death.ended + within_s for death in workers) for end in ends
    )


class Fate(StrEnum):
    """What became of a request, in words of the report."""

    ANSWERED = "answered"
    REPEATED = "answered, executed more than once (may be repeated)"
    REPORTED = "POST reported as failed: its replica was killed"
    CUT = "answer cut off: its replica was killed"
    TOO_LARGE = "body too large to send again: its replica was killed"
    TWICE = "sent again, and the second replica was killed, too"
    UNREAD = "pipelined behind the last answer of its connection: its replica was killed"
    WORKER = "open on a proxy worker that was killed"
    LOST = "lost"
    DUPLICATED = "POST executed more than once"
    UNRECORDED = "answered, but never executed"
    ALTERED = "executed with another body"
    WRONG = "answered with another request's body"
    DENIED = "refused or unread, but executed"


def note(sent: Sequence[Sent], error: BaseException) -> None:
    """Of requests sent together, the first without a whole answer met the error. Those behind it
    went the same way, unless the answer before them had said that the connection ends with it."""
    first = next(n for n, one in enumerate(sent) if not one.complete)
    before = sent[first - 1] if first else None
    for one in sent[first:]:
        one.error, one.replica = f"{error!r}", sent[first].replica
        if before is not None and before.closing:
            one.error = f"behind {before.id}: {before.status} {before.error}"
            one.replica, one.unread = before.replica, True


BROKEN: Final = frozenset(
    {Fate.LOST, Fate.DUPLICATED, Fate.UNRECORDED, Fate.ALTERED, Fate.WRONG, Fate.DENIED}
)


def fate(sent: Sent, executed: Sequence[Executed], deaths: Iterable[Death]) -> Fate:
    """The first rule that applies."""
    if sent.method not in IDEMPOTENT and len(executed) > 1:
        return Fate.DUPLICATED
    if any(one.digest != sent.digest for one in executed):
        return Fate.ALTERED
    if sent.answered:
        return _fate_of_answered(sent, executed)
    if executed and (sent.unread or (sent.status == 503 and sent.method not in IDEMPOTENT)):
        return Fate.DENIED
    return _fate_of_failed(sent, [death for death in deaths if death.meets(sent)])


def _fate_of_answered(sent: Sent, executed: Sequence[Executed]) -> Fate:
    if not executed:
        return Fate.UNRECORDED
    if not sent.intact:
        return Fate.WRONG
    return Fate.REPEATED if len(executed) > 1 else Fate.ANSWERED


def _fate_of_failed(sent: Sent, met: Sequence[Death]) -> Fate:
    deaths = [death for death in met if death.explains(sent)]
    if any(death.victim == PROXY for death in deaths):
        return Fate.WORKER
    if not deaths:
        return Fate.LOST
    if sent.unread:
        return Fate.UNREAD
    if sent.status in (0, 200):
        return Fate.CUT
    if sent.status == 502 and sent.method not in IDEMPOTENT:
        return Fate.REPORTED
    if sent.status == 502 and sent.body_bytes > REPLAY_BYTES:
        return Fate.TOO_LARGE
    if sent.status == 502 and len({death.victim for death in met} - {PROXY}) > 1:
        return Fate.TWICE
    return Fate.LOST


@dataclass(slots=True)
class Verdict:
    """How many met which fate, and examples of promises broken, in words."""

    fates: Counter[Fate] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether every promise was."""
        return not any(self.fates[fate] for fate in BROKEN) and not self.broken


def judge(
    requests: Iterable[Sent],
    ledger: Mapping[str, Sequence[Executed]],
    deaths: Sequence[Death],
    since: float = 0.0,
) -> Verdict:
    """All of them; what the ledger has and nobody sent is a broken promise, too. Told times count
    from `since`."""
    verdict, known = Verdict(), set()
    for sent in requests:
        known.add(sent.id)
        executed = ledger.get(sent.id, ())
        found = fate(sent, executed, deaths)
        verdict.fates[found] += 1
        if found in BROKEN and len(verdict.broken) < EXAMPLES:
            verdict.broken.append(f"{found}: {_told(sent, executed, since)}")
    if strangers := ledger.keys() - known:
        verdict.broken.append(
            f"executed, but never sent: {', '.join(sorted(strangers)[:EXAMPLES])}"
        )
    return verdict


def _told(sent: Sent, executed: Sequence[Executed], since: float) -> str:
    by = ", ".join(one.replica for one in executed) or "nobody"
    times = f"from {sent.begun - since:.3f} to {sent.ended - since:.3f} s"
    return (
        f"{sent.method} {sent.id} ({sent.kind}, {sent.body_bytes} bytes) {times}: "
        f"status {sent.status}, {sent.error or 'no error'}; executed by {by}"
    )
