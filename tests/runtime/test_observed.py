"""Phases only move forward, whatever comes in and in whatever order."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.launch import EngineReplica
from orchestrator.model.plan import KillReplica, StartReplica, StopReplica
from orchestrator.model.spec import ServiceSpec
from orchestrator.model.state import Endpoint, Exit, Phase, ReplicaId, SlotHistory, SlotKey
from orchestrator.model.timing import DEMO, with_timing
from orchestrator.runtime.observed import LIVENESS_FAILED, ObservedState
from tests.runtime.conftest import service
from tests.support.clock import HandClock

WEB = ReplicaId("web", 1, 1)
START = StartReplica(WEB, "n1", "r1", "slot is empty")
PROBES = {"readiness": {"tcp": True}, "liveness": {"tcp": True}, "startup": {"tcp": True}}
SPEC: ServiceSpec = with_timing(service(port=80, probes=PROBES), DEMO)


class Told:
    """What was remembered, and the state that told it."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.slots: dict[SlotKey, SlotHistory | None] = {}
        self.state = ObservedState(self.clock, {}, self.slots.__setitem__)

    @property
    def phase(self) -> Phase:
        """Of the replica."""
        return self.state.replicas[WEB].phase


def seen(id_: ReplicaId = WEB, **fields: object) -> EngineReplica:
    """What an engine says of a running replica."""
    plain: dict[str, object] = {
        "id": id_, "engine_id": "7", "node": "n1", "revision": "r1", "running": True,
        "endpoint": Endpoint("127.0.0.1", 9),
    }  # fmt: skip
    return EngineReplica(**(plain | fields))  # type: ignore[arg-type]


NEWS: dict[str, Callable[[Told], object]] = {
    "begun": lambda told: told.state.start_ordered(START, SPEC) if not told.state.replicas else 0,
    "runs": lambda told: told.state.runs(seen(), SPEC),
    "runs elsewhere": lambda told: told.state.runs(seen(endpoint=Endpoint("::1", 8)), SPEC),
    "stop": lambda told: told.state.stop_ordered(StopReplica(WEB, "scaled down")),
    "failed": lambda told: told.state.stop_ordered(StopReplica(WEB, "sick", failed=True)),
    "killed": lambda told: told.state.kill_ordered(KillReplica(WEB, "node n1 crashed")),
    "exit 0": lambda told: told.state.exited(WEB, Exit(0), SPEC),
    "exit 137": lambda told: told.state.exited(WEB, Exit(137, oom_killed=True), SPEC),
    "exit, unwanted": lambda told: told.state.exited(WEB, Exit(1), None),
    "found exited": lambda told: told.state.found_exited(seen(exit=Exit(2)), ordered=False),
    "started": lambda told: probe(told, "startup", True),
    "ready": lambda told: probe(told, "readiness", True),
    "unready": lambda told: probe(told, "readiness", False),
    "lives": lambda told: probe(told, "liveness", True),
    "dead": lambda told: probe(told, "liveness", False),
    "time": lambda told: told.clock.pass_(1.0),
    "clock set": lambda told: told.clock.jump(-3600.0),
}


def probe(told: Told, kind: str, ok: bool) -> bool:
    """One result of a probe."""
    asked = getattr(SPEC.probes, kind)
    return told.state.probed(WEB, kind, asked, SPEC.probes, ok)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(sorted(NEWS)), max_size=40))
def test_a_replica_only_moves_forward(news: list[str]) -> None:
    told = Told()
    phase = Phase.STARTING
    failures = 0
    for one in news:
        NEWS[one](told)
        replica = told.state.replicas.get(WEB)
        if replica is None:
            continue
        assert replica.phase >= phase
        phase = replica.phase
        assert replica.ready <= (replica.phase is Phase.RUNNING)
        assert replica.ready <= replica.started
        assert (replica.ready_since is not None) >= replica.ready
        assert (replica.exit is not None) == (replica.phase is Phase.EXITED)
        history = told.state.slots.get(WEB.key, SlotHistory())
        assert failures <= history.failures <= 1
        failures = history.failures
    for key, remembered in told.slots.items():
        assert told.state.slots[key] == remembered


@given(st.permutations(["begun", "runs", "stop", "exit 0"]))
def test_late_news_of_a_start_revive_nothing(news: list[str]) -> None:
    told = Told()
    told.state.start_ordered(START, SPEC)
    for one in news:
        NEWS[one](told)
    assert told.phase is Phase.EXITED


def test_who_is_cut_off_its_network_has_no_address_any_more() -> None:
    told = Told()
    told.state.start_ordered(START, SPEC)
    told.state.runs(seen(), SPEC)
    assert told.state.runs(seen(endpoint=None), SPEC)
    assert told.state.replicas[WEB].endpoint is None
    assert told.state.runs(seen(), SPEC)
    assert told.state.replicas[WEB].endpoint == Endpoint("127.0.0.1", 9)


def test_an_ordered_end_is_no_failure() -> None:
    told = Told()
    told.state.start_ordered(START, SPEC)
    told.state.runs(seen(), SPEC)
    NEWS["stop"](told)
    assert told.state.exited(WEB, Exit(143), SPEC)
    how = told.state.replicas[WEB].exit
    assert how is not None
    assert how.ordered
    assert told.state.slots[WEB.key] == SlotHistory(last_attempt=1)


def test_an_end_with_its_node_is_no_failure_whatever_end_it_was_to_have() -> None:
    told = Told()
    told.state.start_ordered(START, SPEC)
    told.state.runs(seen(), SPEC)
    told.state.stop_ordered(StopReplica(WEB, "sick", failed=True))
    told.state.kill_ordered(KillReplica(WEB, "node n1 crashed"))
    assert told.state.exited(WEB, Exit(137, oom_killed=True), SPEC)
    how = Exit(137, reason="NodeLost", message="node n1 crashed")
    assert told.state.replicas[WEB].exit == how
    history = told.state.slots[WEB.key]
    assert (history.failures, history.restarts, history.not_before) == (0, 0, 0.0)
    assert history.last_exit == how


def test_it_is_where_its_engine_says() -> None:
    """An earlier controller had begun this very attempt, on another node."""
    told = Told()
    told.state.start_ordered(START, SPEC)
    told.state.runs(seen(node="n2"), SPEC)
    assert told.state.replicas[WEB].node == "n2"


def test_an_end_for_a_failed_probe_is_one() -> None:
    told = Told()
    told.state.start_ordered(START, SPEC)
    told.state.runs(seen(), SPEC)
    NEWS["failed"](told)
    told.state.exited(WEB, Exit(0), SPEC)
    history = told.state.slots[WEB.key]
    assert history.last_exit is not None
    assert (history.failures, history.restarts, history.last_exit.word) == (1, 1, LIVENESS_FAILED)


def test_the_same_end_told_twice_counts_once() -> None:
    told = Told()
    told.state.start_ordered(START, SPEC)
    told.state.runs(seen(), SPEC)
    assert told.state.exited(WEB, Exit(1), SPEC)
    assert not told.state.exited(WEB, Exit(1), SPEC)
    assert told.state.slots[WEB.key].failures == 1


def test_an_end_that_is_told_before_the_start_returned_says_where_its_output_is() -> None:
    told = Told()
    told.state.start_ordered(START, SPEC)
    assert told.state.exited(WEB, Exit(1), SPEC, "4711")
    assert told.state.replicas[WEB].engine_id == "4711"


def test_what_is_found_running_is_adopted_with_its_age_and_room() -> None:
    told = Told()
    found = seen(
        ReplicaId("web", 2, 5),
        started_wall=told.clock.wall() - 90,
        cpu_request_millicores=250,
        memory_request_bytes=64,
    )
    assert told.state.runs(found, SPEC)
    replica = told.state.replicas[found.id]
    assert (replica.phase, replica.engine_id, replica.node) == (Phase.RUNNING, "7", "n1")
    assert (replica.cpu_millicores, replica.memory_bytes) == (250, 64)
    assert told.clock.monotonic() - replica.created_at == 90
    assert told.state.slots[SlotKey("web", 2)].last_attempt == 5
    assert not told.state.runs(found, SPEC)


def test_a_start_in_the_future_is_no_negative_age() -> None:
    """Fault 11: the wall clock was set back."""
    told = Told()
    told.state.runs(seen(started_wall=told.clock.wall() + 3600), SPEC)
    assert told.state.replicas[WEB].created_at == told.clock.monotonic()


def test_a_look_older_than_the_news_is_stale() -> None:
    told = Told()
    began = told.clock.monotonic()
    told.clock.pass_(0.1)
    told.state.start_ordered(START, SPEC)
    assert told.state.changed_since(WEB, began)
    told.clock.pass_(0.1)
    assert not told.state.changed_since(WEB, told.clock.monotonic())


def test_thresholds_are_counted_in_a_row() -> None:
    told = Told()
    told.state.start_ordered(START, SPEC)
    told.state.runs(seen(), SPEC)
    assert probe(told, "startup", True)
    assert probe(told, "readiness", True)
    for _ in range(2):
        assert not probe(told, "readiness", False)
        assert not probe(told, "readiness", False)
        assert told.state.replicas[WEB].ready
        assert not probe(told, "readiness", True)
    for _ in range(2):
        assert not probe(told, "readiness", False)
    assert probe(told, "readiness", False)
    assert not told.state.replicas[WEB].ready


def test_a_forgotten_service_is_remembered_no_more() -> None:
    told = Told()
    told.state.start_ordered(START, SPEC)
    told.state.forget(WEB)
    told.state.forget_slots("web")
    assert (told.state.replicas, told.state.slots, told.slots) == ({}, {}, {WEB.key: None})


def test_a_new_revision_starts_with_a_clean_record() -> None:
    key = SlotKey("web", 1)
    history = SlotHistory(last_attempt=1, restarts=4, failures=5)
    observed = ObservedState(HandClock(), {key: history}, lambda *_: None)
    spec = ServiceSpec(name="web", image="app:1")
    observed.start_ordered(StartReplica(ReplicaId("web", 1, 2), "node-1", "old", ""), spec)
    assert observed.slots[key].failures == 5
    observed.start_ordered(StartReplica(ReplicaId("web", 1, 3), "node-1", "new", ""), spec)
    assert observed.slots[key].failures == 0
    assert observed.slots[key].restarts == 4
