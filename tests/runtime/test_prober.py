"""When probes run: early until they pass once, then each period, sooner when something is odd."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engines.process import ProcessEngine
from orchestrator.model.spec import Probe, Probes
from orchestrator.model.state import Endpoint, ReplicaId
from orchestrator.runtime.clock import SystemClock
from orchestrator.runtime.prober import Prober
from tests.support.ports import free_port
from tests.support.shortage import no_descriptors
from tests.support.wait import eventually_async

WEB = ReplicaId("web", 1, 1)


@dataclass
class Ward:
    """A server that can be well, ill or absent, and what its prober said of it."""

    port: int
    prober: Prober
    told: list[tuple[str, str, float]] = field(default_factory=list)
    """Kind, "" or why not, when."""
    asked: list[float] = field(default_factory=list)
    status: int = 200
    server: asyncio.Server | None = None

    async def come(self) -> None:
        """Listen."""
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(time.monotonic())
        writer.write(b"HTTP/1.1 %d X\r\n\r\n" % self.status)
        writer.close()

    def watch(self, *, already_started: bool = False, **probes: Probe) -> None:
        """Have it probed."""
        endpoint = Endpoint("127.0.0.1", self.port)
        self.prober.watch(WEB, "", endpoint, Probes(**probes), started=already_started)

    def of(self, kind: str) -> list[str]:
        """What was said of that kind."""
        return [why for one, why, _ in self.told if one == kind]


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    """Nobody listens yet."""
    told: list[tuple[str, str, float]] = []

    def note(_: ReplicaId, kind: str, __: Probe, why: str) -> None:
        told.append((kind, why, time.monotonic()))

    engine = ProcessEngine("prober", tmp_path, use_cgroups=False)
    one = Ward(free_port(), Prober(engine, SystemClock(), note), told)
    yield one
    await one.prober.close()
    if one.server is not None:
        one.server.close()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("probe ")]


def http(period: str = "50ms", **fields: Any) -> Probe:
    """A probe of `/`."""
    plain = {"path": "/", "period": period, "timeout": "500ms", "failureThreshold": 1}
    return Probe.model_validate(plain | fields)


def said(ward: Ward, kind: str, count: int = 1) -> Callable[[], bool]:
    """Whether that was said of the kind so often."""
    return lambda: len(ward.of(kind)) >= count


async def test_a_start_is_seen_at_once(ward: Ward) -> None:
    """Long before the first period has passed."""
    ward.watch(readiness=http("30s"))
    await ward.come()
    came = time.monotonic()
    await eventually_async(said(ward, "readiness"))
    (_, why, when) = ward.told[0]
    assert why == ""
    assert when - came < 1.0


async def test_early_failures_count_once_a_period(ward: Ward) -> None:
    ward.watch(readiness=http("100ms"))
    began = time.monotonic()
    await eventually_async(said(ward, "readiness", 3))
    assert time.monotonic() - began > 0.25
    assert all(why.startswith("cannot connect") for why in ward.of("readiness"))


async def test_then_it_is_asked_each_period(ward: Ward) -> None:
    await ward.come()
    ward.watch(readiness=http("100ms"))
    await eventually_async(lambda: len(ward.asked) >= 5)
    gaps = [late - early for early, late in zip(ward.asked, ward.asked[1:], strict=False)]
    assert min(gaps) > 0.08
    ward.status = 503
    await eventually_async(lambda: "/: status 503" in ward.of("readiness"))


async def test_probes_that_get_no_answer_do_not_pile_up(ward: Ward) -> None:
    """Fault 40: the next one is not sent while one waits, however long that takes."""
    open_now, most = 0, 0

    async def byte_by_byte(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        with contextlib.suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"H")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await reader.read()
        open_now -= 1
        writer.close()

    await ward.come()
    ward.watch(readiness=http("10ms", timeout="200ms"))
    await eventually_async(said(ward, "readiness"))
    assert ward.server is not None
    ward.server.close()
    ward.server = await asyncio.start_server(byte_by_byte, "127.0.0.1", ward.port)
    await eventually_async(lambda: most > 0)
    ward.told.clear()
    await eventually_async(said(ward, "readiness", 5))
    assert set(ward.of("readiness")) == {"no answer within 0.2 s"}
    ward.prober.hurry(WEB)
    await eventually_async(said(ward, "readiness", 7))
    assert most <= 2, "the one before may not yet have been seen to end"
    ward.prober.forget(WEB)
    await eventually_async(lambda: open_now == 0, what="nothing is left")


async def test_the_others_wait_for_the_startup_probe(ward: Ward) -> None:
    ward.status = 503
    await ward.come()
    ward.watch(startup=http(), readiness=http(), liveness=http())
    await eventually_async(said(ward, "startup", 2))
    assert {kind for kind, *_ in ward.told} == {"startup"}
    ward.status = 200
    await eventually_async(lambda: "" in ward.of("startup"))
    ward.prober.started(WEB)
    await eventually_async(lambda: "" in ward.of("readiness") and "" in ward.of("liveness"))
    count = len(ward.of("startup"))
    await eventually_async(said(ward, "readiness", 5))
    assert len(ward.of("startup")) <= count + 1


async def test_one_question_answers_for_both(ward: Ward) -> None:
    await ward.come()
    ward.watch(readiness=http(), liveness=http(failureThreshold=5))
    await eventually_async(said(ward, "liveness", 3))
    assert len(ward.asked) <= len(ward.of("readiness")) + 1
    assert abs(len(ward.of("readiness")) - len(ward.of("liveness"))) <= 1


async def test_different_questions_are_asked_apart(ward: Ward) -> None:
    await ward.come()
    ward.watch(readiness=http(), liveness=http(path="/alive"))
    await eventually_async(lambda: said(ward, "readiness", 3)() and said(ward, "liveness", 3)())
    assert len(ward.asked) >= 6


async def test_a_suspicion_is_looked_into_at_once(ward: Ward) -> None:
    await ward.come()
    ward.watch(readiness=http("30s"))
    await eventually_async(said(ward, "readiness"))
    ward.status = 500
    ward.prober.hurry(WEB)
    await eventually_async(said(ward, "readiness", 2), timeout=2)
    assert ward.of("readiness")[-1] == "/: status 500"


async def test_a_shortage_of_ours_is_not_the_replicas_failure(ward: Ward) -> None:
    await ward.come()
    with no_descriptors():
        ward.watch(liveness=http(), readiness=http())
        until = time.monotonic() + 0.2
        await eventually_async(lambda: time.monotonic() > until)
    await eventually_async(said(ward, "liveness", 2))
    assert set(ward.of("liveness")) == set(ward.of("readiness")) == {""}


async def test_what_is_forgotten_is_asked_no_more(ward: Ward) -> None:
    await ward.come()
    ward.watch(readiness=http())
    await eventually_async(said(ward, "readiness"))
    ward.prober.forget(WEB)
    count = len(ward.told)
    asked = len(ward.asked)
    until = time.monotonic() + 0.2
    await eventually_async(lambda: time.monotonic() > until)
    assert len(ward.told) == count
    assert len(ward.asked) <= asked + 1


async def test_the_same_watch_again_changes_nothing(ward: Ward) -> None:
    await ward.come()
    ward.watch(readiness=http("30s"))
    await eventually_async(said(ward, "readiness"))
    for _ in range(3):
        ward.watch(readiness=http("30s"))
    until = time.monotonic() + 0.2
    await eventually_async(lambda: time.monotonic() > until)
    assert len(ward.asked) == 1


async def test_other_probes_take_over_without_a_new_start(ward: Ward) -> None:
    await ward.come()
    ward.watch(startup=http("30s"), readiness=http("30s"))
    await eventually_async(said(ward, "startup"))
    ward.prober.started(WEB)
    await eventually_async(said(ward, "readiness"))
    ward.watch(startup=http("30s"), readiness=http("50ms"))
    await eventually_async(said(ward, "readiness", 4))
    assert len(ward.of("startup")) == 1


async def test_what_has_started_without_probes_is_not_asked_whether_it_has(ward: Ward) -> None:
    await ward.come()
    ward.watch()
    ward.watch(already_started=True, startup=http("50ms"), readiness=http("50ms"))
    await eventually_async(said(ward, "readiness", 4))
    assert ward.of("startup") == []


async def test_the_initial_delay_is_waited_for(ward: Ward) -> None:
    await ward.come()
    began = time.monotonic()
    ward.watch(readiness=http(initialDelay="200ms"))
    await eventually_async(said(ward, "readiness"))
    assert ward.asked[0] - began >= 0.19
