"""What workers repeat of waiting requests is one event an episode."""

from pathlib import Path

import pytest

from orchestrator.engines.process import ProcessEngine
from orchestrator.model.timing import DEMO
from orchestrator.runtime.cluster import Cluster
from orchestrator.runtime.demand import EPISODE_S, Demands
from orchestrator.runtime.desired import Change, DesiredState
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.store import Store
from tests.runtime.conftest import service
from tests.support.clock import HandClock


@pytest.fixture
async def cluster(store: Store, clock: HandClock, state_dir: Path) -> Cluster:
    engine = ProcessEngine("quiet", state_dir, use_cgroups=False)
    desired = DesiredState(store, DEMO)
    desired.apply(Change((service("web", replicas=0), service("api", replicas=2))))
    return Cluster(engine, store, desired, EventLog(store, clock), clock)


def told(cluster: Cluster) -> list[str]:
    return [one.message for one in cluster.store.events() if one.reason == "RequestsWaiting"]


async def test_once_an_episode_whatever_workers_repeat(cluster: Cluster, clock: HandClock) -> None:
    demands = Demands(cluster)
    for _ in range(60):
        demands.heard("web", 1)  # from one worker
        demands.heard("web", 3)  # and from another
        clock.pass_(1.0)
    assert told(cluster) == ["a request waits for web, which has 0 replicas: orch scale web=1"]
    clock.pass_(EPISODE_S)
    demands.heard("web", 3)
    assert len(told(cluster)) == 2
    assert told(cluster)[1].startswith("3 requests wait for web,")


async def test_replicas_end_an_episode(cluster: Cluster) -> None:
    demands = Demands(cluster)
    for replicas in (1, 0):
        demands.heard("web", 1)
        cluster.desired.scale("web", replicas)
        demands.review()
    demands.heard("web", 1)
    assert len(told(cluster)) == 2


async def test_who_is_awake_or_unknown_is_no_news(cluster: Cluster) -> None:
    demands = Demands(cluster)
    demands.heard("api", 1)
    demands.heard("gone", 1)
    assert not told(cluster)
