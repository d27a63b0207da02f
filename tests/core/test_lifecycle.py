"""Steps forward only, and the words users see."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from orchestrator.core.lifecycle import (
    BackwardStepError,
    begun,
    exited,
    probed,
    reprobed,
    running,
    slot_status,
    stopping,
)
from orchestrator.model.plan import StartReplica
from orchestrator.model.spec import Probe, Probes
from orchestrator.model.state import Endpoint, Exit, Phase, Replica, ReplicaId, SlotHistory
from tests.core.notation import service

HERE = Endpoint("127.0.0.1", 9000)
NONE = Probes()
STARTUP = Probes(startup=Probe(tcp=True))
READINESS = Probes(readiness=Probe(tcp=True))
BOTH = Probes(startup=Probe(tcp=True), readiness=Probe(tcp=True))
ID = ReplicaId("web", 1, 2)


def fresh() -> Replica:
    spec = service("web", resources={"requests": {"cpu": "250m", "memory": "1Mi"}})
    return begun(StartReplica(ID, "n1", "a", "slot is empty"), spec, 5.0)


def runs(probes: Probes = NONE) -> Replica:
    return running(fresh(), "c1", HERE, probes, 6.0)


def test_a_replica_holds_its_requests_from_the_start() -> None:
    replica = fresh()
    assert (replica.cpu_millicores, replica.memory_bytes) == (250, 2**20)
    assert (replica.phase, replica.created_at, replica.ready) == (Phase.STARTING, 5.0, False)


@pytest.mark.parametrize(
    ("probes", "started", "ready"),
    [
        (NONE, True, True),
        (READINESS, True, False),
        (STARTUP, False, False),
        (BOTH, False, False),
    ],
)
def test_what_runs_is_ready_once_its_probes_say_so(
    probes: Probes, started: bool, ready: bool
) -> None:
    replica = runs(probes)
    assert (replica.started, replica.ready) == (started, ready)
    assert replica.ready_since == (6.0 if ready else None)


def test_a_passed_startup_probe_makes_ready_only_without_a_readiness_probe() -> None:
    assert probed(runs(STARTUP), "startup", True, STARTUP, 7.0).ready_since == 7.0
    assert not probed(runs(BOTH), "startup", True, BOTH, 7.0).ready
    started = probed(runs(BOTH), "startup", True, BOTH, 7.0)
    assert probed(started, "readiness", True, BOTH, 8.0).ready_since == 8.0


def test_readiness_counts_only_after_startup() -> None:
    assert not probed(runs(BOTH), "readiness", True, BOTH, 7.0).ready


@pytest.mark.parametrize(
    ("before", "after", "ready"),
    [
        (STARTUP, NONE, True),
        (READINESS, NONE, True),
        (BOTH, READINESS, False),
        (BOTH, STARTUP, False),
        (NONE, BOTH, True),
    ],
)
def test_a_probe_that_is_no_more_is_not_waited_for(
    before: Probes, after: Probes, ready: bool
) -> None:
    replica = reprobed(runs(before), after, 7.0)
    assert (replica.started, replica.ready) == (before is NONE or after.startup is None, ready)
    assert probed(replica, "readiness", True, after, 8.0).ready == replica.started


def test_readiness_comes_and_goes() -> None:
    ready = probed(runs(READINESS), "readiness", True, READINESS, 7.0)
    assert probed(ready, "readiness", True, READINESS, 8.0) == ready
    unready = probed(ready, "readiness", False, READINESS, 9.0)
    assert (unready.ready, unready.ready_since, unready.alive) == (False, None, True)


@pytest.mark.parametrize("kind", ["startup", "liveness"])
def test_startup_and_liveness_fail_for_good(kind: str) -> None:
    failed = probed(runs(), "startup" if kind == "startup" else "liveness", False, NONE, 7.0)
    assert not failed.alive
    assert not probed(failed, "liveness", True, NONE, 8.0).alive


def test_a_second_pass_of_startup_is_no_news() -> None:
    unready = probed(runs(READINESS), "readiness", False, READINESS, 7.0)
    assert probed(unready, "startup", True, NONE, 8.0) == unready


def test_what_stops_or_has_ended_is_not_ready() -> None:
    assert not stopping(runs()).ready
    ended = exited(runs(), Exit(code=1), 9.0)
    assert (ended.ready, ended.exit, ended.exited_at) == (False, Exit(code=1), 9.0)


def test_phases_can_be_skipped() -> None:
    assert exited(fresh(), Exit(), 6.0).phase is Phase.EXITED
    assert stopping(fresh()).phase is Phase.STOPPING


BACKWARD: list[Callable[[], Replica]] = [
    lambda: running(runs(), "c1", HERE, NONE, 7.0),
    lambda: running(stopping(runs()), "c1", HERE, NONE, 7.0),
    lambda: stopping(stopping(runs())),
    lambda: stopping(exited(runs(), Exit(), 7.0)),
    lambda: exited(exited(runs(), Exit(), 7.0), Exit(), 8.0),
    lambda: probed(fresh(), "readiness", True, READINESS, 7.0),
    lambda: probed(stopping(runs()), "readiness", True, READINESS, 7.0),
]


@pytest.mark.parametrize("step", BACKWARD)
def test_no_step_leads_back(step: Callable[[], Replica]) -> None:
    with pytest.raises(BackwardStepError, match=r"web-1\.2 is [A-Z]+"):
        step()


# -- words ----------------------------------------------------------------------------------------


def ended(how: Exit) -> Replica:
    return exited(runs(), how, 7.0)


LAST = SlotHistory(last_attempt=2)
LATER = replace(LAST, not_before=103.2)
NO_IMAGE = Exit(reason="ErrImagePull", message="app:9 does not exist")
OOM = Exit(code=137, oom_killed=True)

WORDS = {
    "starting": (fresh(), LAST, "", ("Starting", "")),
    "ready": (runs(), LAST, "", ("Ready", "")),
    "not ready": (runs(READINESS), LAST, "", ("Running", "the readiness probe does not pass")),
    "not started": (runs(BOTH), LAST, "", ("Running", "the startup probe does not pass")),
    "failed its probe": (
        probed(runs(), "liveness", False, NONE, 7.0),
        LAST,
        "",
        ("Running", "liveness probe failed"),
    ),
    "stopping": (stopping(runs()), LAST, "", ("Terminating", "")),
    "new slot": (None, SlotHistory(), "", ("Pending", "")),
    "fits nowhere": (None, SlotHistory(), "0/0 nodes", ("Pending", "0/0 nodes")),
    "fits nowhere any more": (ended(OOM), LAST, "0/0 nodes", ("Pending", "0/0 nodes")),
    "to be restarted at once": (
        ended(OOM),
        LAST,
        "",
        ("Pending", "to be restarted: exited with code 137 (OOMKilled)"),
    ),
    "crashing": (
        ended(OOM),
        LATER,
        "",
        ("CrashLoopBackOff", "back-off 4s restarting failed replica (OOMKilled)"),
    ),
    "crashing, its record lost": (
        None,
        replace(LATER, last_exit=Exit(code=1)),
        "",
        ("CrashLoopBackOff", "back-off 4s restarting failed replica (Error)"),
    ),
    "no image": (
        ended(NO_IMAGE),
        LATER,
        "",
        ("ImagePullBackOff", "back-off 4s getting the image: app:9 does not exist"),
    ),
    "no build": (
        ended(Exit(reason="ErrImageBuild")),
        LATER,
        "",
        ("ImageBuildBackOff", "back-off 4s getting the image"),
    ),
    "an attempt of the past": (
        ended(OOM),
        SlotHistory(last_attempt=3, not_before=103.0),
        "",
        ("OOMKilled", "exited with code 137 (OOMKilled)"),
    ),
    "an attempt of the past that was stopped": (
        ended(Exit(code=0, ordered=True)),
        SlotHistory(last_attempt=3),
        "",
        ("Stopped", "was stopped"),
    ),
}


@pytest.mark.parametrize("name", WORDS)
def test_status_words(name: str) -> None:
    replica, history, pending, expected = WORDS[name]
    assert slot_status(replica, history, "always", pending or None, 100.0) == expected


def test_what_is_not_restarted_is_completed_or_failed() -> None:
    assert slot_status(ended(Exit(code=0)), LAST, "on-failure", None, 0.0) == (
        "Completed", "exited with code 0",
    )  # fmt: skip
    assert slot_status(ended(Exit(code=3)), LATER, "never", None, 0.0) == (
        "Failed", "exited with code 3",
    )  # fmt: skip
