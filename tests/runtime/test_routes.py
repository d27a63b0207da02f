"""Listeners that are kept, beside listeners made anew at every turn."""

from random import Random

import pytest

from orchestrator.core.endpoints import asleep, routable
from orchestrator.engines.simulated import SimulatedEngine, World
from orchestrator.model.launch import EngineReplica
from orchestrator.model.plan import StartReplica, StopReplica
from orchestrator.model.snapshot import Listener
from orchestrator.model.state import Endpoint, Exit, ReplicaId
from orchestrator.model.timing import DEMO
from orchestrator.runtime.cluster import Cluster
from orchestrator.runtime.desired import Change, DesiredState
from orchestrator.runtime.eventlog import EventLog
from orchestrator.runtime.listeners import listener_of
from orchestrator.runtime.routes import Routes
from orchestrator.runtime.store import Store
from tests.runtime.conftest import node, service
from tests.support.clock import HandClock

NAMES = ("api", "db", "web")


def anew(cluster: Cluster, sleeping: frozenset[str], certificate: str) -> tuple[Listener, ...]:
    """All listeners, from what is wanted and what is."""
    desired = cluster.desired.now
    ready = routable(desired, cluster.observed.view())
    return tuple(
        listener_of(
            name, wanted.spec.proxy, ready[name], certificate=certificate, asleep=name in sleeping
        )
        for name, wanted in sorted(desired.services.items())
        if wanted.spec.proxy
    )


def happen(random: Random, cluster: Cluster) -> None:
    """Something, to the manifests or to a replica."""
    name = random.choice(NAMES)
    id_ = ReplicaId(name, random.randint(1, 2), random.randint(1, 2))
    known, spec = cluster.observed.replicas.get(id_), cluster.spec(name)
    match random.randrange(8):
        case 0:
            listen = {"listen": 8000 + NAMES.index(name), "tls": random.random() < 0.5}
            proxied = {} if random.random() < 0.2 else {"proxy": listen}
            fields = {"port": 80, "replicas": random.randint(0, 2), **proxied}
            cluster.desired.apply(Change((service(name, **fields),)))
        case 1 if spec is not None:
            cluster.desired.delete(name)
        case 2:
            zone = random.choice("ab")
            cluster.desired.apply(Change((), (node("n1", zone=zone),)))
        case 3 | 4 if known is None and spec is not None:
            cluster.observed.start_ordered(StartReplica(id_, "n1", "r", "test"), spec)
        case 5 if known is not None:
            end = Endpoint("127.0.0.1", random.randint(1, 3))
            cluster.observed.runs(EngineReplica(id_, "7", "n1", "r", True, end), spec)
        case 6 if known is not None:
            cluster.observed.stop_ordered(StopReplica(id_, "test"))
        case 7 if known is not None:
            cluster.observed.exited(id_, Exit(1), spec)
            cluster.observed.forget(id_)


@pytest.mark.parametrize("seed", range(5))
def test_what_is_kept_is_what_would_be_made_anew(seed: int, store: Store, clock: HandClock) -> None:
    random = Random(seed)
    desired, log = DesiredState(store, DEMO), EventLog(store, clock)
    cluster = Cluster(SimulatedEngine(World()), store, desired, log, clock)
    routes, sleeping, certificate = Routes(cluster, ()), frozenset[str](), ""
    seen = set()
    for turn in range(600):
        happen(random, cluster)
        certificate = str(turn // 200)
        routes.look()
        now = cluster.desired.now
        sleeping = asleep(now, routable(now, cluster.observed.view()), sleeping)
        assert routes.listeners(certificate) == anew(cluster, sleeping, certificate)
        seen.add(routes.listeners(certificate))
    assert len(seen) > 20
