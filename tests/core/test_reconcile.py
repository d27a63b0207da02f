"""Each case: a state, and the plan it must lead to."""

from dataclasses import replace

import pytest

from orchestrator.core.reconcile import reconcile
from tests.core.notation import lines, plan, state

CASES = {
    "nothing wanted, nothing there": ("", ""),
    "a new service fills its slots": (
        "web 2@a",
        """
        start web-1.1 on n1: slot is empty
        start web-2.1 on n1: slot is empty
        """,
    ),
    "what is wanted is there": (
        """
        web 2@a
        web-1.1 n1@a ready
        web-2.3 n1@a starting
        """,
        "",
    ),
    "an unready replica is left alone": (
        """
        web 1@a
        web-1.1 n1@a running
        """,
        "",
    ),
    "scaled up": (
        """
        web 3@a
        web-1.1 n1@a ready
        """,
        """
        start web-2.1 on n1: slot is empty
        start web-3.1 on n1: slot is empty
        """,
    ),
    "scaled down: the highest slots go first, and what is left of them": (
        """
        web 1@a
        web-1.1 n1@a ready
        web-2.1 n1@a ready
        web-3.1 n1@a exit=1
        web-3.2 n1@a starting
        web-4.1 n1@a stopping
        web-5.1 n1@a exit=stopped
        """,
        """
        stop web-3.2: scaled down from 3 to 1
        stop web-2.1: scaled down from 3 to 1
        remove web-5.1: its slot is gone
        remove web-3.1: its slot is gone
        """,
    ),
    "a deleted service goes": (
        """
        web-1.1 n1@a ready
        web-2.1 n1@a stopping
        web-3.1 n1@a exit=1
        web-3.2 n1@a starting
        """,
        """
        stop web-3.2: service deleted
        stop web-1.1: service deleted
        remove web-3.1: service deleted
        """,
    ),
    "a crash is followed by the next attempt": (
        """
        web 1@a
        web-1.1 n1@a exit=1
        """,
        "start web-1.2 on n1: replacing web-1.1: exited with code 1",
    ),
    "an OOM kill is named": (
        """
        web 1@a
        web-1.1 n1@a exit=oom
        """,
        "start web-1.2 on n1: replacing web-1.1: exited with code 137 (OOMKilled)",
    ),
    "a missing image is named": (
        """
        web 1@a
        web-1.1 n1@a exit=ErrImagePull
        """,
        "start web-1.2 on n1: replacing web-1.1: ErrImagePull",
    ),
    "a replica that vanished is replaced": (
        """
        web 1@a
        web-1.1 n1@a exit=gone
        """,
        "start web-1.2 on n1: replacing web-1.1: vanished",
    ),
    "attempt numbers are never used twice": (
        """
        web 1@a
        web-1.1 n1@a exit=1
        web-1 last=6
        """,
        "start web-1.7 on n1: replacing web-1.1: exited with code 1",
    ),
    "backing off": (
        """
        web 1@a
        web-1.2 n1@a exit=1
        web-1 last=2 not_before=5
        """,
        "",
    ),
    "a new revision does not wait for the old one's backoff": (
        """
        web 1@b
        web-1.2 n1@a exit=1
        web-1 last=2 not_before=5
        """,
        "start web-1.3 on n1: replacing web-1.2: exited with code 1",
    ),
    "backoff survives the loss of the record": (
        """
        web 1@a
        web-1 last=2 not_before=5
        """,
        "",
    ),
    "only the newest ended attempt is kept": (
        """
        web 1@a
        web-1.1 n1@a exit=1
        web-1.2 n1@a exit=1
        web-1.3 n1@a exit=1
        web-1.4 n1@a ready
        """,
        """
        remove web-1.1: web-1.3 ended later
        remove web-1.2: web-1.3 ended later
        """,
    ),
    "never: an end is an end": (
        """
        web 2@a policy=never
        web-1.1 n1@a exit=0
        web-2.1 n1@a exit=1
        """,
        "",
    ),
    "on-failure: success is an end, failure is not": (
        """
        web 2@a policy=on-failure
        web-1.1 n1@a exit=0
        web-2.1 n1@a exit=1
        """,
        "start web-2.2 on n1: replacing web-2.1: exited with code 1",
    ),
    "never: a new revision runs once more": (
        """
        web 1@b policy=never
        web-1.1 n1@a exit=0
        """,
        "start web-1.2 on n1: replacing web-1.1: exited with code 0",
    ),
    "never: what was stopped on purpose comes back": (
        """
        web 1@a policy=never
        web-1.1 n1@a exit=stopped
        """,
        "start web-1.2 on n1: replacing web-1.1: was stopped",
    ),
    "a failed liveness probe stops; the next attempt waits for the exit": (
        """
        web 2@a
        web-1.1 n1@a running failed
        web-2.1 n1@a stopping failed
        """,
        "stop web-1.1: liveness probe failed",
    ),
    "a failed startup probe is told apart": (
        """
        web 1@a
        web-1.1 n1@a running failed unstarted
        """,
        "stop web-1.1: startup probe failed",
    ),
    "an outdated attempt that failed is not waited for": (
        """
        web 1@b
        web-1.1 n1@a running failed
        """,
        """
        stop web-1.1: liveness probe failed
        start web-1.2 on n1: replacing web-1.1: it is being stopped
        """,
    ),
    "a slot does not wait for an attempt that is stopping": (
        """
        web 1@a
        web-1.1 n1@a stopping
        """,
        "start web-1.2 on n1: replacing web-1.1: it is being stopped",
    ),
    "unless it needs its room": (
        """
        node n1 cpu=1
        web 1@a cpu=600m
        web-1.1 n1@a stopping cpu=600m
        """,
        "pending web-1: 0/1 nodes are available: 1 Insufficient cpu. It needs 200m more CPU on n1.",
    ),
    "duplicates: a ready one stays": (
        """
        web 1@a
        web-1.1 n1@a running
        web-1.2 n1@a ready
        web-1.3 n1@a ready
        """,
        """
        stop web-1.3: duplicate of web-1.2
        stop web-1.1: duplicate of web-1.2
        """,
    ),
    "duplicates: else the older one": (
        """
        web 1@a
        web-1.1 n1@a starting
        web-1.2 n1@a running
        """,
        "stop web-1.2: duplicate of web-1.1",
    ),
    "fits nowhere": (
        """
        node n1 cpu=1 cordoned
        node n2 cpu=1 memory=100Mi
        node n3 cpu=50m
        node n4 cpu=50m memory=10Mi
        web 2@a cpu=100m memory=200Mi disk=ssd
        db 1@a cpu=100m memory=200Mi
        """,
        """
        pending db-1: 0/4 nodes are available: 2 Insufficient cpu, 2 Insufficient memory, \
1 node(s) were unschedulable. It needs 100Mi more memory on n2. A node with \
100m CPU and 200Mi memory would do.
        pending web-1: 0/4 nodes are available: 3 node(s) didn't match Pod's node \
affinity/selector, 1 node(s) were unschedulable.
        pending web-2: 0/4 nodes are available: 3 node(s) didn't match Pod's node \
affinity/selector, 1 node(s) were unschedulable.
        """,
    ),
    "of a gang all start or none": (
        """
        node n1 cpu=1
        web 3@a cpu=400m gang
        """,
        """
        pending web-1: Only 2 of the gang would fit, then: 0/1 nodes are available: \
1 Insufficient cpu. It needs 200m more CPU on n1.
        pending web-2: Only 2 of the gang would fit, then: 0/1 nodes are available: \
1 Insufficient cpu. It needs 200m more CPU on n1.
        pending web-3: Only 2 of the gang would fit, then: 0/1 nodes are available: \
1 Insufficient cpu. It needs 200m more CPU on n1.
        """,
    ),
    "what fits is placed, the rest is pending": (
        """
        node n1 cpu=1
        web 3@a cpu=400m
        """,
        """
        start web-1.1 on n1: slot is empty
        start web-2.1 on n1: slot is empty
        pending web-3: 0/1 nodes are available: 1 Insufficient cpu. It needs 200m more CPU on n1.
        """,
    ),
    "a node that shrank keeps what it has": (
        """
        node n1 cpu=200m
        web 3@a cpu=200m
        web-1.1 n1@a ready cpu=200m
        web-2.1 n1@a ready cpu=200m
        """,
        "pending web-3: 0/1 nodes are available: 1 Insufficient cpu. It needs 400m more CPU on n1.",
    ),
    "room that a stop will free is not counted yet": (
        """
        node n1 cpu=1
        api 1@a cpu=600m
        web 0@a
        web-1.1 n1@a ready cpu=600m
        """,
        """
        stop web-1.1: scaled down from 1 to 0
        pending api-1: 0/1 nodes are available: 1 Insufficient cpu. It needs 200m more CPU on n1.
        """,
    ),
}

ROLLOUTS = {
    "a new revision starts beside the old one, a quarter at a time": (
        """
        web 5@b
        web-1.1 n1@a ready
        web-2.1 n1@a ready
        web-3.1 n1@a ready
        web-4.1 n1@a ready
        web-5.1 n1@a ready
        """,
        """
        start web-1.2 on n1: replacing web-1.1: revision a -> b
        start web-2.2 on n1: replacing web-2.1: revision a -> b
        """,
    ),
    "the old one serves until the new one is ready": (
        """
        web 2@b
        web-1.1 n1@a ready
        web-1.2 n1@b running
        web-2.1 n1@a ready
        """,
        "",
    ),
    "then it stops, and the next slot follows": (
        """
        web 2@b
        web-1.1 n1@a ready
        web-1.2 n1@b ready
        web-2.1 n1@a ready
        """,
        """
        stop web-1.1: revision a -> b
        start web-2.2 on n1: replacing web-2.1: revision a -> b
        """,
    ),
    "an old one that serves nobody is replaced at once": (
        """
        web 3@b
        web-1.1 n1@a starting
        web-2.1 n1@a running
        web-3.1 n1@a ready
        """,
        """
        stop web-1.1: revision a -> b
        stop web-2.1: revision a -> b
        start web-1.2 on n1: replacing web-1.1: it is being stopped
        start web-2.2 on n1: replacing web-2.1: it is being stopped
        start web-3.2 on n1: replacing web-3.1: revision a -> b
        """,
    ),
    "an old one that stopped serving beside an unready new one goes": (
        """
        web 1@b
        web-1.1 n1@a running
        web-1.2 n1@b starting
        """,
        "stop web-1.1: revision a -> b",
    ),
    "an update during an update: the newest wins, what serves stays": (
        """
        web 1@c
        web-1.1 n1@a ready
        web-1.2 n1@b running
        """,
        """
        stop web-1.2: revision b -> c
        start web-1.3 on n1: replacing web-1.1: revision a -> c
        """,
    ),
    "of two old ones that serve the later stays": (
        """
        web 1@c
        web-1.1 n1@a ready
        web-1.2 n1@b ready
        """,
        """
        stop web-1.1: revision a -> c
        start web-1.3 on n1: replacing web-1.2: revision b -> c
        """,
    ),
    "back to the old revision: what still serves it stays": (
        """
        web 1@a
        web-1.1 n1@a ready
        web-1.2 n1@b running
        """,
        "stop web-1.2: revision b -> a",
    ),
    "a new revision that crashes keeps its place in the surge": (
        """
        web 2@b
        web-1.1 n1@a ready
        web-1.2 n1@b exit=1
        web-1 last=2 not_before=5
        web-2.1 n1@a ready
        """,
        "",
    ),
    "and is tried again when its time has come": (
        """
        web 2@b
        web-1.1 n1@a ready
        web-2.1 n1@a ready
        web-2.2 n1@b exit=1
        """,
        "start web-2.3 on n1: replacing web-2.1: revision a -> b",
    ),
    "a new revision that failed for good leaves the old one": (
        """
        web 2@b policy=never
        web-1.1 n1@a ready
        web-1.2 n1@b exit=1
        web-2.1 n1@a ready
        """,
        "",
    ),
    "a new revision that completed is enough": (
        """
        web 1@b policy=never
        web-1.1 n1@a ready
        web-1.2 n1@b exit=0
        """,
        "stop web-1.1: revision a -> b",
    ),
    "no room to surge: one old one stops first": (
        """
        node n1 cpu=1
        web 2@b cpu=500m
        web-1.1 n1@a ready cpu=500m
        web-2.1 n1@a ready cpu=500m
        """,
        "stop web-1.1: no room to surge: revision a -> b",
    ),
    "the next waits until it has ended": (
        """
        node n1 cpu=1
        web 2@b cpu=500m
        web-1.1 n1@a stopping cpu=500m
        web-2.1 n1@a ready cpu=500m
        """,
        "pending web-1: 0/1 nodes are available: 1 Insufficient cpu. It needs 500m more CPU on n1.",
    ),
    "and until the new one is ready": (
        """
        node n1 cpu=1
        web 2@b cpu=500m
        web-1.1 n1@a exit=stopped
        web-1.2 n1@b running cpu=500m
        web-2.1 n1@a ready cpu=500m
        """,
        "",
    ),
    "no room to surge, and a replacement that failed for good: the others go on, and say why": (
        """
        node n1 cpu=500m
        web 5@b cpu=100m policy=never
        web-1.1 n1@a ready
        web-1.2 n1@b exit=1
        web-2.1 n1@a ready
        web-3.1 n1@a ready
        web-4.1 n1@a ready
        web-5.1 n1@a ready
        """,
        """
        pending web-2: 0/1 nodes are available: 1 Insufficient cpu. It needs 100m more CPU on n1.
        pending web-3: 0/1 nodes are available: 1 Insufficient cpu. It needs 100m more CPU on n1.
        pending web-4: 0/1 nodes are available: 1 Insufficient cpu. It needs 100m more CPU on n1.
        pending web-5: 0/1 nodes are available: 1 Insufficient cpu. It needs 100m more CPU on n1.
        """,
    ),
    "no room to surge, even for the only one": (
        """
        node n1 cpu=1
        web 1@b cpu=1
        web-1.1 n1@a ready cpu=1
        """,
        "stop web-1.1: no room to surge: revision a -> b",
    ),
    "slots that are pending anyhow do not hold an update up": (
        """
        node n1 cpu=1
        web 3@b cpu=500m
        web-1.1 n1@a ready cpu=500m
        web-3.1 n1@a ready cpu=500m
        """,
        """
        stop web-1.1: no room to surge: revision a -> b
        pending web-2: 0/1 nodes are available: 1 Insufficient cpu. It needs 500m more CPU on n1.
        """,
    ),
    "a revision that would not fit in the old one's place lets it be": (
        """
        node n1 cpu=1
        web 1@b cpu=2
        web-1.1 n1@a ready cpu=500m
        """,
        "pending web-1: 0/1 nodes are available: 1 Insufficient cpu. "
        "It needs 1500m more CPU on n1. A node with 2 CPU and 64Mi memory would do.",
    ),
    "the first that makes enough room is taken": (
        """
        node n1 cpu=600m
        node n2 cpu=1
        web 2@b cpu=900m
        web-1.1 n1@a ready cpu=500m
        web-2.1 n2@a ready cpu=500m
        """,
        "stop web-2.1: no room to surge: revision a -> b",
    ),
    "room that stopping first will free is not given away yet": (
        """
        node n1 cpu=1
        api 1@b cpu=1
        api-1.1 n1@a ready cpu=1
        web 1@a
        """,
        """
        stop api-1.1: no room to surge: revision a -> b
        pending web-1: 0/1 nodes are available: 1 Insufficient cpu. It needs 100m more CPU on n1.
        """,
    ),
    "nothing stops first while another slot's replacement backs off": (
        """
        node n1 cpu=500m
        web 5@b
        web-1.1 n1@a ready
        web-1.2 n1@b exit=1
        web-1 last=2 not_before=5
        web-2.1 n1@a ready
        web-3.1 n1@a ready
        web-4.1 n1@a ready
        web-5.1 n1@a ready
        """,
        "",
    ),
    "nor while an empty slot backs off": (
        """
        node n1 cpu=150m
        web 2@b
        web-1.2 n1@b exit=1
        web-1 last=2 not_before=5
        web-2.1 n1@a ready
        """,
        "",
    ),
    "nor while another slot surges": (
        """
        node n1 cpu=600m
        web 5@b
        web-1.1 n1@a ready
        web-2.1 n1@a ready
        web-3.1 n1@a ready
        web-4.1 n1@a ready
        web-5.1 n1@a ready
        """,
        "start web-1.2 on n1: replacing web-1.1: revision a -> b",
    ),
    "nor while a replica that is no longer wanted leaves": (
        """
        node n1 cpu=200m
        web 1@b
        web-1.1 n1@a ready
        web-2.1 n1@a stopping
        """,
        "",
    ),
    "nor while something else of the service is told to stop": (
        """
        node n1 cpu=300m
        web 2@b
        web-1.1 n1@b ready
        web-1.2 n1@b ready
        web-2.1 n1@a ready
        """,
        "stop web-1.2: duplicate of web-1.1",
    ),
}

DRAINS = {
    "a replica on a draining node moves before it stops": (
        """
        node n1 draining
        node n2
        web 1@a
        web-1.1 n1@a ready
        """,
        "start web-1.2 on n2: replacing web-1.1: n1 is draining",
    ),
    "and leaves when the other is ready": (
        """
        node n1 draining
        node n2
        web 1@a
        web-1.1 n1@a ready
        web-1.2 n2@a ready
        """,
        "stop web-1.1: n1 is draining",
    ),
    "a node that is no more counts as draining": (
        """
        node n2
        web 1@a
        web-1.1 n1@a ready
        """,
        "start web-1.2 on n2: replacing web-1.1: n1 is gone",
    ),
    "a replica that does not tolerate what its node became moves before it stops": (
        """
        node n1 taint=old:NoExecute,new:NoSchedule
        node n2
        web 1@a
        web-1.1 n1@a ready
        """,
        "start web-1.2 on n2: replacing web-1.1: n1 has untolerated taint {old: }",
    ),
    "one that does stays, and a taint of another effect moves nothing": (
        """
        node n1 taint=old:NoExecute,new:NoSchedule
        node n2 taint=new:NoSchedule
        api 1@a tolerates=old
        web 1@a
        api-1.1 n1@a ready
        web-1.1 n2@a ready
        """,
        "",
    ),
    "a cordoned node keeps what it has": (
        """
        node n1 cordoned
        web 1@a
        web-1.1 n1@a ready
        """,
        "",
    ),
    "a label that went away moves nobody": (
        """
        node n1
        web 1@a disk=ssd
        web-1.1 n1@a ready
        """,
        "",
    ),
    "draining empties a node even when there is nowhere to go": (
        """
        node n1 draining
        web 2@a
        web-1.1 n1@a ready
        web-2.1 n1@a ready
        """,
        "stop web-1.1: no room to surge: n1 is draining",
    ),
    "one after the other": (
        """
        node n1 draining
        web 2@a
        web-1.1 n1@a exit=stopped
        web-2.1 n1@a ready
        """,
        """
        stop web-2.1: no room to surge: n1 is draining
        pending web-1: 0/1 nodes are available: 1 node(s) were unschedulable.
        """,
    ),
}


PAUSES = {
    "a paused rollout begins no replacement": (
        """
        web 3@b paused
        web-1.1 n1@a ready
        web-2.2 n1@b ready
        web-3.1 n1@a running
        """,
        "",
    ),
    "one that was on its way when it was paused arrives": (
        """
        web 2@b paused
        web-1.1 n1@a ready
        web-1.2 n1@b starting
        web-2.1 n1@a ready
        web-2.2 n1@b ready
        """,
        "stop web-2.1: revision a -> b",
    ),
    "or fails, and is not tried again": (
        """
        web 2@b paused
        web-1.1 n1@a ready
        web-1.2 n1@b exit=1
        web-2.1 n1@a ready
        web-2.2 n1@b running failed
        """,
        "stop web-2.2: liveness probe failed",
    ),
    "what dies while it is paused comes back at the new revision, what hangs too": (
        """
        web 3@b paused
        web-1.1 n1@a exit=1
        web-2.1 n1@a running failed
        web-3.1 n1@a exit=1
        web-3.2 n1@b exit=1
        web-3 last=2 not_before=9
        """,
        """
        stop web-2.1: liveness probe failed
        start web-1.2 on n1: replacing web-1.1: exited with code 1
        start web-2.2 on n1: replacing web-2.1: it is being stopped
        remove web-3.1: web-3.2 ended later
        """,
    ),
    "paused, it is scaled up at the new revision": (
        """
        web 2@b paused
        web-1.1 n1@a ready
        """,
        "start web-2.1 on n1: slot is empty",
    ),
    "and down": (
        """
        web 1@b paused
        web-1.1 n1@a ready
        web-2.1 n1@a ready
        """,
        "stop web-2.1: scaled down from 2 to 1",
    ),
    "paused, its nodes are drained": (
        """
        node n1 draining
        node n2
        web 2@b paused
        web-1.1 n1@a ready
        web-2.1 n2@a ready
        """,
        "start web-1.2 on n2: replacing web-1.1: n1 is draining",
    ),
    "paused, a job that is over stays over": (
        """
        job 1@b paused policy=never
        job-1.1 n1@a exit=0
        """,
        "",
    ),
    "of two with one outdated revision one stays": (
        """
        web 1@b paused
        web-1.1 n1@a running
        web-1.2 n1@a ready
        """,
        "stop web-1.1: duplicate of web-1.2",
    ),
}

RESTARTS = {
    "a replica to be restarted is replaced without a gap": (
        """
        web 2@a
        web-1.1 n1@a ready
        web-2.1 n1@a ready restart
        """,
        "start web-2.2 on n1: replacing web-2.1: its restart was ordered",
    ),
    "and leaves once its successor is ready": (
        """
        web 2@a
        web-1.1 n1@a ready
        web-2.1 n1@a ready restart
        web-2.2 n1@a ready
        """,
        "stop web-2.1: its restart was ordered",
    ),
    "one that does not serve leaves at once": (
        """
        web 1@a
        web-1.1 n1@a running restart
        """,
        """
        stop web-1.1: its restart was ordered
        start web-1.2 on n1: replacing web-1.1: it is being stopped
        """,
    ),
    "several are restarted within the surge": (
        """
        web 2@a
        web-1.1 n1@a ready restart
        web-2.1 n1@a ready restart
        """,
        "start web-1.2 on n1: replacing web-1.1: its restart was ordered",
    ),
    "without room it stops first": (
        """
        node n1 cpu=100m
        web 1@a cpu=100m
        web-1.1 n1@a ready restart
        """,
        "stop web-1.1: no room to surge: its restart was ordered",
    ),
    "a paused rollout does not keep it": (
        """
        web 2@b paused
        web-1.1 n1@a ready
        web-2.1 n1@a ready restart
        """,
        "start web-2.2 on n1: replacing web-2.1: its restart was ordered",
    ),
}

CRASHES = {
    "all that a node that is down runs is killed, and comes back elsewhere at once": (
        """
        node n1
        node n2 down
        web 5@a
        web-1.1 n1@a ready
        web-2.1 n2@a ready
        web-3.2 n2@a starting
        web-4.1 n2@a stopping
        web-5.1 n2@a running failed
        """,
        """
        kill web-2.1: node n2 crashed
        kill web-3.2: node n2 crashed
        kill web-4.1: node n2 crashed
        kill web-5.1: node n2 crashed
        start web-2.2 on n1: replacing web-2.1: node n2 crashed
        start web-3.3 on n1: replacing web-3.2: node n2 crashed
        start web-4.2 on n1: replacing web-4.1: node n2 crashed
        """,
    ),
    "so are those that nobody declares, and those that are to go anyway": (
        """
        node n1
        node n2 down
        web 1@a
        web-1.1 n1@a ready
        web-2.1 n2@a ready
        job-1.1 n2@a ready
        """,
        """
        kill job-1.1: node n2 crashed
        kill web-2.1: node n2 crashed
        """,
    ),
    "it is no failure: no backoff, and another attempt under every policy": (
        """
        web 1@a policy=never
        web-1.1 n1@a exit=NodeLost
        """,
        "start web-1.2 on n1: replacing web-1.1: NodeLost",
    ),
    "what fits nowhere else is told so, and how many nodes are down": (
        """
        node n1 cpu=100m
        node n2 down
        node n3 down cordoned
        web 2@a cpu=100m
        api 1@a cpu=100m
        web-1.1 n1@a ready
        web-2.1 n2@a exit=NodeLost
        """,
        """
        pending api-1: 0/3 nodes are available: 1 Insufficient cpu, 2 nodes are down. \
It needs 100m more CPU on n1.
        pending web-2: 0/3 nodes are available: 1 Insufficient cpu, 2 nodes are down. \
It needs 100m more CPU on n1.
        """,
    ),
    "what has ended on it stays ended": (
        """
        node n1
        node n2 down
        web 1@a policy=on-failure
        web-1.1 n2@a exit=0
        """,
        "",
    ),
}


@pytest.mark.parametrize("name", CRASHES)
def test_crashes_of_nodes(name: str) -> None:
    before, expected = CRASHES[name]
    assert plan(before) == lines(expected)


@pytest.mark.parametrize("name", CASES)
def test_slots(name: str) -> None:
    before, expected = CASES[name]
    assert plan(before) == lines(expected)


@pytest.mark.parametrize("name", ROLLOUTS)
def test_rollouts(name: str) -> None:
    before, expected = ROLLOUTS[name]
    assert plan(before) == lines(expected)


@pytest.mark.parametrize("name", DRAINS)
def test_drains(name: str) -> None:
    before, expected = DRAINS[name]
    assert plan(before) == lines(expected)


@pytest.mark.parametrize("name", PAUSES)
def test_paused_rollouts(name: str) -> None:
    before, expected = PAUSES[name]
    assert plan(before) == lines(expected)


@pytest.mark.parametrize("name", RESTARTS)
def test_restarts_of_one_replica(name: str) -> None:
    before, expected = RESTARTS[name]
    assert plan(before) == lines(expected)


def test_a_paused_replica_moves_to_its_node_at_the_new_revision() -> None:
    desired, observed = state(
        """
        node n1
        node n2
        web 1@b paused
        web-1.1 n1@a ready
        """
    )
    moving = replace(desired, moves={observed.replicas[0].id: "n2"})
    assert str(reconcile(moving, observed, 0.0)) == (
        "start web-1.2 on n2: replacing web-1.1: it moves from n1"
    )


def test_wakes_when_the_earliest_backoff_ends() -> None:
    waiting = state(
        """
        web 2@a
        web-1.1 n1@a exit=1
        web-1 last=1 not_before=7
        web-2.1 n1@a exit=1
        web-2 last=1 not_before=5
        """
    )
    assert reconcile(*waiting, 0.0).wake_at == 5.0
    at_five = reconcile(*waiting, 5.0)
    assert str(at_five) == "start web-2.2 on n1: replacing web-2.1: exited with code 1"
    assert at_five.wake_at == 7.0


def test_only_the_services_named_are_decided_on_but_all_hold_room() -> None:
    text = """
        node n1 cpu=1
        api 1@a cpu=600m
        db 1@a cpu=100m
        web 1@a cpu=600m
        web-1.1 n1@a ready cpu=600m
        old-1.1 n1@a ready
        """
    assert plan(text, services={"api"}) == (
        "pending api-1: 0/1 nodes are available: 1 Insufficient cpu. It needs 300m more CPU on n1."
    )
    assert plan(text, services={"old"}) == "stop old-1.1: service deleted"
    assert plan(text, services={"db"}) == "start db-1.1 on n1: slot is empty"


def test_a_failed_probe_is_told_from_an_ordered_stop() -> None:
    failed = reconcile(*state("web 1@a\nweb-1.1 n1@a running failed"), 0.0)
    scaled = reconcile(*state("web 0@a\nweb-1.1 n1@a running"), 0.0)
    assert [getattr(action, "failed", None) for action in failed.actions] == [True]
    assert [getattr(action, "failed", None) for action in scaled.actions] == [False]


def test_the_surge_is_a_quarter_rounded_up_and_at_least_one() -> None:
    def started(count: int) -> int:
        replicas = "\n".join(f"web-{slot}.1 n1@a ready" for slot in range(1, count + 1))
        return plan(f"web {count}@b\n{replicas}").count("start")

    assert [started(count) for count in (1, 4, 5, 8, 9)] == [1, 1, 2, 2, 3]
