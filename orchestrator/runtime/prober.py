"""Runs the probes of every running replica and says how each went.

One task for each distinct check of a replica: where readiness and liveness ask the same, the
replica is asked once. Until a check has passed for the first time it is tried early and often,
so that a start is seen at once; such early failures do not count. Nor does a try for which this
machine has no socket or port left: a shortage of ours must not have healthy replicas restarted.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from orchestrator.core.lifecycle import ProbeKind
from orchestrator.engines.base import Engine
from orchestrator.model.errors import ShortageError
from orchestrator.model.spec import Probe, Probes
from orchestrator.model.state import Endpoint, ReplicaId
from orchestrator.runtime.clock import Clock
from orchestrator.runtime.probing import try_probe

Verdict = Callable[[ReplicaId, ProbeKind, Probe, str], None]
"""Is told: replica, kind, probe, and "" or why it failed."""

# The first early tries; each pause is a quarter longer than the one before, so that the delay
# of detection is about a fifth of the start-up time at first, and never above a tenth of a second.
EARLY_PAUSE_S: Final = 0.02
EARLY_GROWTH: Final = 1.25
EARLY_MAX_S: Final = 0.1
# Until it is tried again whether a replica can be asked at all.
SHORTAGE_PAUSE_S: Final = 0.1


@dataclass(slots=True)
class _Subject:
    """One replica under observation."""

    id: ReplicaId
    engine_id: str
    endpoint: Endpoint | None
    probes: Probes
    started: asyncio.Event = field(default_factory=asyncio.Event)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Prober:
    """Watches replicas from `watch` to `forget`."""

    def __init__(self, engine: Engine, clock: Clock, verdict: Verdict) -> None:
        self._engine = engine
        self._clock = clock
        self._verdict = verdict
        self._subjects: dict[ReplicaId, _Subject] = {}

    def watch(
        self,
        id_: ReplicaId,
        engine_id: str,
        endpoint: Endpoint | None,
        probes: Probes,
        *,
        started: bool = False,
    ) -> None:
        """Begin, or go on with other probes: what has passed before stays passed, as has the
        startup probe if it is `started`."""
        old = self._subjects.get(id_)
        if old is not None and (old.probes, old.endpoint) == (probes, endpoint):
            return
        self.forget(id_)
        if (probes.startup, probes.readiness, probes.liveness) == (None, None, None):
            return
        subject = _Subject(id_, engine_id, endpoint, probes)
        self._subjects[id_] = subject
        if probes.startup is None or started or (old is not None and old.started.is_set()):
            subject.started.set()
        else:
            self._spawn(subject, probes.startup, ("startup",))
        for probe, kinds in _grouped(probes).items():
            self._spawn(subject, probe, kinds)

    def forget(self, id_: ReplicaId) -> None:
        """The replica is probed no more."""
        subject = self._subjects.pop(id_, None)
        for task in subject.tasks if subject else ():
            task.cancel()

    def started(self, id_: ReplicaId) -> None:
        """The startup probe has passed: the others begin."""
        if subject := self._subjects.get(id_):
            subject.started.set()

    def hurry(self, id_: ReplicaId) -> None:
        """Something looks wrong: probe now instead of at the next period."""
        if subject := self._subjects.get(id_):
            subject.wake.set()

    async def close(self) -> None:
        """Stop all probes."""
        tasks = [task for subject in self._subjects.values() for task in subject.tasks]
        for id_ in list(self._subjects):
            self.forget(id_)
        await asyncio.gather(*tasks, return_exceptions=True)

    def _spawn(self, subject: _Subject, probe: Probe, kinds: tuple[ProbeKind, ...]) -> None:
        loop = self._run(subject, probe, kinds)
        subject.tasks.append(asyncio.create_task(loop, name=f"probe {subject.id} {kinds}"))

    async def _run(self, subject: _Subject, probe: Probe, kinds: tuple[ProbeKind, ...]) -> None:
        if "startup" not in kinds:
            await subject.started.wait()
        await asyncio.sleep(probe.initial_delay_s)
        await self._early(subject, probe, kinds)
        while not ("startup" in kinds and subject.started.is_set()):
            await self._pause(subject, probe.period_s or 1.0)
            await self._try(subject, probe, kinds)

    async def _early(self, subject: _Subject, probe: Probe, kinds: tuple[ProbeKind, ...]) -> None:
        """Try until it passes; a failure counts once a period, as if tried only then."""
        period_s, pause_s = probe.period_s or 1.0, EARLY_PAUSE_S
        due = self._clock.monotonic() + period_s
        while failure := await self._ask(subject, probe):
            if self._clock.monotonic() >= due:
                due += period_s
                self._tell(subject, probe, kinds, failure)
            await asyncio.sleep(min(pause_s, period_s))
            pause_s = min(pause_s * EARLY_GROWTH, EARLY_MAX_S)
        self._tell(subject, probe, kinds, "")

    async def _pause(self, subject: _Subject, period_s: float) -> None:
        subject.wake.clear()
        try:
            async with asyncio.timeout(period_s):
                await subject.wake.wait()
        except TimeoutError:
            return

    async def _try(self, subject: _Subject, probe: Probe, kinds: tuple[ProbeKind, ...]) -> None:
        self._tell(subject, probe, kinds, await self._ask(subject, probe))

    async def _ask(self, subject: _Subject, probe: Probe) -> str:
        while True:
            try:
                return await try_probe(probe, subject.endpoint, self._engine, subject.engine_id)
            except ShortageError:
                await asyncio.sleep(SHORTAGE_PAUSE_S)

    def _tell(
        self, subject: _Subject, probe: Probe, kinds: tuple[ProbeKind, ...], failure: str
    ) -> None:
        for kind in kinds:
            if self._subjects.get(subject.id) is subject:
                self._verdict(subject.id, kind, getattr(subject.probes, kind) or probe, failure)


def _grouped(probes: Probes) -> dict[Probe, tuple[ProbeKind, ...]]:
    """Readiness and liveness by what they ask: one entry where they ask the same."""
    readiness, liveness = probes.readiness, probes.liveness
    if readiness is not None and liveness is not None and _same_check(readiness, liveness):
        return {readiness: ("readiness", "liveness")}
    named: dict[Probe, tuple[ProbeKind, ...]] = {}
    if readiness is not None:
        named[readiness] = ("readiness",)
    if liveness is not None:
        named[liveness] = ("liveness",)
    return named


def _same_check(one: Probe, other: Probe) -> bool:
    thresholds = {"failure_threshold": 1, "success_threshold": 1}
    return one.model_copy(update=thresholds) == other.model_copy(update=thresholds)
