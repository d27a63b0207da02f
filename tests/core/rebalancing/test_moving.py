"""What the decision makes of replicas that are to move, and what becomes of a move."""

from dataclasses import replace

import pytest

from orchestrator.core.rebalancing import Move, Progress, progress_of
from orchestrator.core.reconcile import reconcile
from orchestrator.model.state import ReplicaId
from tests.core.notation import lines, state

MOVE = Move(ReplicaId("web", 1, 1), "n1", "n2", "frees n1 (1 of 1)")

PLANS = {
    "the new one comes first": (
        """
        node n1
        node n2
        web 1@a
        web-1.1 n1@a ready
        """,
        "start web-1.2 on n2: replacing web-1.1: it moves from n1",
    ),
    "the old one stays until the other is ready": (
        """
        node n1
        node n2
        web 1@a
        web-1.1 n1@a ready
        web-1.2 n2@a running
        """,
        "",
    ),
    "and leaves then": (
        """
        node n1
        node n2
        web 1@a
        web-1.1 n1@a ready
        web-1.2 n2@a ready
        """,
        "stop web-1.1: it moves from n1",
    ),
    "it goes to the node named or nowhere": (
        """
        node n1
        node n2 cpu=1
        node n3
        web 1@a cpu=300m
        db 1@a cpu=900m
        web-1.1 n1@a ready cpu=300m
        db-1.1 n2@a ready cpu=900m
        """,
        "pending web-1: n2: Insufficient cpu.",
    ),
    "not even to make room does it stop first": (
        """
        node n1 cpu=1
        node n2 cordoned
        web 1@a cpu=900m
        web-1.1 n1@a ready cpu=900m
        """,
        "pending web-1: n2: node(s) were unschedulable.",
    ),
    "to a node that is gone it does not go": (
        """
        node n1
        web 1@a
        web-1.1 n1@a ready
        """,
        "pending web-1: n2 is gone.",
    ),
    "a new revision goes where it likes": (
        """
        node n1
        node n2
        web 1@b
        web-1.1 n1@a ready
        """,
        "start web-1.2 on n1: replacing web-1.1: revision a -> b",
    ),
    "a draining node is left by its own rule": (
        """
        node n1 draining
        node n2 cordoned
        web 1@a
        web-1.1 n1@a ready
        """,
        "stop web-1.1: no room to surge: n1 is draining",
    ),
    "one that serves no more has nothing to hand over": (
        """
        node n1
        node n2
        web 1@a
        web-1.1 n1@a running
        """,
        "",
    ),
    "moves take their part of the surge": (
        """
        node n1
        node n2
        web 4@a
        web-1.1 n1@a ready
        web-2.1 n1@a ready
        web-3.1 n3@a ready
        web-4.1 n1@a ready
        """,
        "start web-3.2 on n1: replacing web-3.1: n3 is gone",
    ),
}


@pytest.mark.parametrize("name", PLANS)
def test_plans(name: str) -> None:
    before, expected = PLANS[name]
    desired, observed = state(before)
    plan = reconcile(replace(desired, moves={MOVE.id: MOVE.target}), observed, 0.0)
    assert str(plan) == lines(expected)


ENDS = {
    "web-1.1 n1@a ready": Progress(False),
    "web-1.1 n1@a ready; web-1.2 n2@a starting": Progress(False),
    "web-1.1 n1@a ready; web-1.2 n2@a ready": Progress(False),
    "web-1.1 n1@a stopping; web-1.2 n2@a ready": Progress(False),
    "web-1.1 n1@a exit=stopped; web-1.2 n2@a ready": Progress(True),
    "web-1.2 n2@a ready": Progress(True),
    "web-1.1 n1@a exit=1; web-1.2 n2@a starting": Progress(
        True, "web-1.1 ended before it was replaced"
    ),
    "web-1.1 n1@a ready; web-1.2 n2@a exit=3": Progress(True, "web-1.2 exited with code 3"),
}


@pytest.mark.parametrize("there", ENDS)
def test_ends(there: str) -> None:
    _, observed = state(there.replace(";", "\n"))
    assert progress_of(MOVE, observed.replicas) == ENDS[there]


def test_a_refusal_ends_a_move_that_has_not_begun() -> None:
    _, observed = state("web-1.1 n1@a ready")
    assert progress_of(MOVE, observed.replicas, "n2: no.") == Progress(True, "n2: no.")
