"""How far a rollout is: kubectl's words, for what `orch ps` lists."""

from typing import Any

import pytest

from orchestrator.cli.render.rollout import Rollout, rollout_of
from orchestrator.model.views import ReplicaView
from tests.cli.views import replica, service

OLD: dict[str, Any] = {"revision": "r0"}
DONE = 'service "web" successfully rolled out'
WAITING = 'Waiting for service "web" rollout to finish: '
CASES: dict[str, tuple[list[ReplicaView], str]] = {
    "nothing is replaced yet": (
        [replica("web-1", **OLD), replica("web-2", **OLD), replica("web-3", **OLD)],
        f"{WAITING}0 out of 3 new replicas have been updated...",
    ),
    "a new one is starting": (
        [replica("web-1", **OLD), replica("web-1", "Starting", attempt=2, id=None),
         replica("web-2"), replica("web-3", **OLD)],
        f"{WAITING}2 out of 3 new replicas have been updated...",
    ),
    "the last old one serves until it is ready": (
        [replica("web-1"), replica("web-2"), replica("web-3", **OLD),
         replica("web-3", "Running", attempt=2)],
        f"{WAITING}1 old replicas are pending termination...",
    ),
    "the last old one leaves": (
        [replica("web-1"), replica("web-2"), replica("web-3"),
         replica("web-3", "Terminating", **OLD)],
        f"{WAITING}1 old replicas are pending termination...",
    ),
    "one is not ready": (
        [replica("web-1"), replica("web-2"), replica("web-3", "Running")],
        f"{WAITING}2 of 3 updated replicas are available...",
    ),
    "one has died": (
        [replica("web-1"), replica("web-2"), replica("web-3", "CrashLoopBackOff", id=None)],
        f"{WAITING}2 out of 3 new replicas have been updated...",
    ),
    "all is done": ([replica("web-1"), replica("web-2"), replica("web-3")], DONE),
    "a job is over": (
        [replica(f"web-{slot}", "Completed", id=None) for slot in (1, 2, 3)],
        DONE,
    ),
}  # fmt: skip


def rollout(rows: list[ReplicaView], **fields: Any) -> Rollout:
    """Of three wanted replicas."""
    return rollout_of(service(desired=3, **fields), rows)


@pytest.mark.parametrize("name", CASES)
def test_how_far_it_is(name: str) -> None:
    rows, sentence = CASES[name]
    assert rollout(rows).sentence == sentence
    assert rollout(rows).finished == (sentence == DONE)


def test_a_pause_is_told_when_nothing_more_comes_of_it() -> None:
    rows, waiting = CASES["a new one is starting"]
    assert (rollout(rows, paused=True).held, rollout(rows, paused=True).sentence) == (
        False,
        waiting,
    )
    arrived = [replica("web-1"), replica("web-2"), replica("web-3", **OLD)]
    now = rollout(arrived, paused=True)
    assert (now.held, now.finished) == (True, False)
    assert now.sentence == 'service "web" is paused: 2 out of 3 replicas are updated'


def test_a_paused_service_may_be_rolled_out() -> None:
    rows, sentence = CASES["all is done"]
    assert rollout(rows, paused=True).sentence == sentence


def test_none_wanted_is_rolled_out() -> None:
    assert rollout_of(service(desired=0, ready=0), []).sentence == DONE
