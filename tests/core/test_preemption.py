"""Who makes way for whom: plans as text, and a whole course of events on paper."""

import pytest

from orchestrator.core.forecast import forecast
from orchestrator.model.state import Phase
from tests.core.notation import lines, plan, state

SHORT = "0/1 nodes are available: 1 Insufficient cpu. It needs"

PLANS = {
    "the less important makes way, and its room is given to nobody else": (
        """
        node n1 cpu=1
        web 1@a cpu=600m priority=10
        api 2@a cpu=300m
        db 1@a cpu=700m priority=5
        db-1.1 n1@a ready cpu=700m
        """,
        f"""
        stop db-1.1: preempted by web-1
        pending web-1: {SHORT} 300m more CPU on n1.
        pending api-1: {SHORT} 600m more CPU on n1.
        pending api-2: {SHORT} 600m more CPU on n1.
        """,
    ),
    "while it leaves nobody else has to": (
        """
        node n1 cpu=1
        web 1@a cpu=600m priority=10
        db 2@a cpu=500m
        db-1.1 n1@a stopping cpu=500m
        db-2.1 n1@a ready cpu=300m
        """,
        f"""
        pending web-1: {SHORT} 400m more CPU on n1.
        pending db-1: 0/1 nodes are available: 1 Insufficient cpu. It needs 900m more CPU on n1.
        """,
    ),
    "equals do not make way": (
        """
        node n1 cpu=1
        web 1@a cpu=600m priority=5
        db 1@a cpu=700m priority=5
        db-1.1 n1@a ready cpu=700m
        """,
        f"pending web-1: {SHORT} 300m more CPU on n1.",
    ),
    "the least important node is taken, and there no more than has to be": (
        """
        node n1 cpu=1
        node n2 cpu=1
        web 1@a cpu=500m priority=10
        db 2@a cpu=500m priority=5
        job 4@a cpu=250m priority=1
        db-1.1 n1@a ready cpu=500m
        db-2.1 n1@a ready cpu=500m
        job-1.1 n2@a ready cpu=250m
        job-2.1 n2@a ready cpu=250m
        job-3.1 n2@a ready cpu=250m
        job-4.1 n2@a ready cpu=250m
        """,
        """
        stop job-4.1: preempted by web-1
        stop job-3.1: preempted by web-1
        pending web-1: 0/2 nodes are available: 2 Insufficient cpu. \
It needs 500m more CPU on one of: n1, n2.
        """,
    ),
    "no service loses more than its budget": (
        """
        node n1 cpu=1
        node n2 cpu=1
        web 2@a cpu=600m priority=10
        db 2@a cpu=700m keeps=1
        db-1.1 n1@a ready cpu=700m
        db-2.1 n2@a ready cpu=700m
        """,
        """
        stop db-1.1: preempted by web-1
        pending web-1: 0/2 nodes are available: 2 Insufficient cpu. \
It needs 300m more CPU on one of: n1, n2.
        pending web-2: 0/2 nodes are available: 2 Insufficient cpu. \
It needs 300m more CPU on one of: n1, n2.
        """,
    ),
    "one that has too few ready loses none": (
        """
        node n1 cpu=1
        web 1@a cpu=600m priority=10
        db 2@a cpu=350m keeps=1
        db-1.1 n1@a ready cpu=350m
        db-2.1 n1@a cpu=350m
        """,
        f"pending web-1: {SHORT} 300m more CPU on n1.",
    ),
    "nobody leaves where that does not help": (
        """
        node n1 cpu=1
        web 1@a cpu=2 priority=10
        db 1@a cpu=700m
        db-1.1 n1@a ready cpu=700m
        """,
        f"pending web-1: {SHORT} 1700m more CPU on n1. A node with 2 CPU and 64Mi memory would do.",
    ),
    "nor for a gang": (
        """
        node n1 cpu=1
        web 1@a cpu=600m priority=10 gang
        db 1@a cpu=700m
        db-1.1 n1@a ready cpu=700m
        """,
        f"pending web-1: {SHORT} 300m more CPU on n1.",
    ),
}


@pytest.mark.parametrize("case", PLANS)
def test_plans(case: str) -> None:
    given, expected = PLANS[case]
    assert sorted(plan(given).splitlines()) == sorted(lines(expected).splitlines())


def test_in_the_end_the_important_run_and_nothing_moves_any_more() -> None:
    wanted, found = state(
        """
        node n1 cpu=1
        node n2 cpu=1
        web 3@a cpu=600m priority=10
        api 2@a cpu=300m priority=5
        db 4@a cpu=400m
        db-1.1 n1@a ready cpu=400m
        db-2.1 n1@a ready cpu=400m
        db-3.1 n2@a ready cpu=400m
        db-4.1 n2@a ready cpu=400m
        """
    )
    rest = forecast(wanted, found, 0.0)
    running = sorted(one.id.name for one in rest.observed.replicas if one.phase is Phase.RUNNING)
    assert running == ["api-1", "api-2", "web-1", "web-2"]
    assert {one.key.service for one in rest.plan.pending} == {"db", "web"}
