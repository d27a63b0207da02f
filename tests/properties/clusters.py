"""Random clusters: small, crowded, and in any state a controller could find."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import strategies as st

from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import (
    Desired,
    Exit,
    Node,
    Observed,
    Phase,
    Replica,
    ReplicaId,
    Service,
    SlotHistory,
)
from orchestrator.model.timing import DEMO, with_timing

MIB = 2**20
SERVICES = ("api", "db", "web")
NODES = ("n1", "n2", "n3", "gone")
REVISIONS = ("a", "b", "c")
EXITS = (
    Exit(code=0),
    Exit(code=1),
    Exit(code=137, oom_killed=True),
    Exit(code=0, ordered=True),
    Exit(reason="ErrImagePull"),
    Exit(),
)


def service(
    name: str,
    replicas: int,
    revision: str = "a",
    cpu_millicores: int = 100,
    policy: str = "always",
    strategy: str = "binpack",
    selector: Mapping[str, str] | None = None,
    priority: int = 0,
    paused: bool = False,
) -> Service:
    """A wanted service with its defaults filled in."""
    spec = ServiceSpec.model_validate(
        {
            "name": name,
            "image": "app",
            "replicas": replicas,
            "priority": priority,
            "resources": {"requests": {"cpu": f"{cpu_millicores}m", "memory": 64 * MIB}},
            "restart": {"policy": policy},
            "placement": {"strategy": strategy, "nodeSelector": dict(selector or {})},
        }
    )
    return Service(with_timing(spec, DEMO), revision, paused)


def node(
    name: str,
    cpu_millicores: int = 1000,
    zone: str = "z",
    labels: Mapping[str, str] | None = None,
    cordoned: bool = False,
    draining: bool = False,
    down: bool = False,
) -> Node:
    """A wanted node with 1 GiB."""
    capacity = {"cpu": f"{cpu_millicores}m", "memory": 1024 * MIB}
    spec = NodeSpec.model_validate(
        {"name": name, "capacity": capacity, "zone": zone, "labels": dict(labels or {})}
    )
    return Node(spec, cordoned, draining, down)


_ids = st.builds(
    ReplicaId, st.sampled_from(SERVICES), slot=st.integers(1, 7), attempt=st.integers(1, 4)
)
_services = st.builds(
    service,
    name=st.just("web"),
    replicas=st.integers(0, 6),
    revision=st.sampled_from(REVISIONS),
    cpu_millicores=st.sampled_from((50, 100, 250, 400, 700)),
    policy=st.sampled_from(("always", "always", "on-failure", "never")),
    strategy=st.sampled_from(("binpack", "spread", "random(7)")),
    selector=st.sampled_from(({}, {}, {}, {"disk": "ssd"})),
    priority=st.sampled_from((0, 0, 5)),
    paused=st.sampled_from((False, False, True)),
)
_nodes = st.builds(
    node,
    name=st.just("n1"),
    cpu_millicores=st.sampled_from((100, 500, 1000, 3000)),
    zone=st.sampled_from(("z", "y")),
    labels=st.sampled_from(({}, {"disk": "ssd"})),
    cordoned=st.sampled_from((False, False, True)),
    draining=st.sampled_from((False, False, False, True)),
    down=st.sampled_from((False, False, False, True)),
)


def _renamed_service(item: Service, name: str) -> Service:
    return replace(item, spec=item.spec.model_copy(update={"name": name}))


def _renamed_node(item: Node, name: str) -> Node:
    return replace(item, spec=item.spec.model_copy(update={"name": name}))


@st.composite
def desires(draw: st.DrawFn) -> Desired:
    """Some services on some nodes, or none."""
    names = draw(st.lists(st.sampled_from(SERVICES), unique=True))
    places = draw(st.lists(st.sampled_from(NODES[:3]), unique=True))
    return Desired(
        {name: _renamed_service(draw(_services), name) for name in names},
        {name: _renamed_node(draw(_nodes), name) for name in places},
        restarts=draw(st.frozensets(_ids, max_size=3)),
    )


@st.composite
def replicas(draw: st.DrawFn) -> Replica:
    """A replica in any state, possible ones and odd ones."""
    phase = draw(st.sampled_from(Phase))
    over = phase is Phase.EXITED
    return Replica(
        id=draw(_ids),
        node=draw(st.sampled_from(NODES)),
        revision=draw(st.sampled_from(REVISIONS)),
        phase=phase,
        cpu_millicores=draw(st.sampled_from((50, 100, 250, 400, 700))),
        memory_bytes=64 * MIB,
        started=draw(st.booleans()),
        ready=phase is Phase.RUNNING and draw(st.booleans()),
        alive=draw(st.sampled_from((True, True, True, False))),
        exit=draw(st.sampled_from(EXITS)) if over else None,
    )


_histories = st.builds(
    SlotHistory,
    last_attempt=st.integers(0, 5),
    failures=st.integers(0, 5),
    not_before=st.sampled_from((0.0, 0.0, 4.0, 9.0)),
)


@st.composite
def observations(draw: st.DrawFn) -> Observed:
    """Any set of replicas, and what their slots remember."""
    found = draw(st.lists(replicas(), max_size=14, unique_by=lambda replica: replica.id))
    return Observed(tuple(found), {one.id.key: draw(_histories) for one in found})
