"""What one seed stands for: a cluster, manifests, what people do, and how the engine behaves."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from orchestrator.engines.simulated import Behaviour, Delay
from orchestrator.model.spec import NodeSpec, ServiceSpec

SERVICES: Final = ("api", "db", "web")
NODES: Final = ("n1", "n2", "n3", "n4")
ZONES: Final = ("a", "b")
_PROBE: Final = {"path": "/healthz"}
_PROBES: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"readiness": _PROBE},
    {"readiness": _PROBE, "liveness": _PROBE},
    {"startup": _PROBE, "liveness": _PROBE},
)


def node(random: Random, name: str) -> NodeSpec:
    """A node of 1 to 4 CPUs."""
    capacity = {"cpu": random.choice((1, 2, 4)), "memory": "1Gi"}
    labels = {"disk": random.choice(("ssd", "hdd"))}
    fields = {"name": name, "zone": random.choice(ZONES), "labels": labels, "capacity": capacity}
    return NodeSpec.model_validate(fields)


def service(random: Random, name: str) -> ServiceSpec:
    """A service of up to 8 replicas; another one each time it is asked for."""
    chosen = {
        "name": name,
        "image": f"app:{random.randint(1, 3)}",
        "port": 8000,
        "replicas": random.randint(0, 8),
        "env": {"VERSION": str(random.randint(1, 5))},
        "resources": {"requests": {"cpu": f"{random.choice((50, 200, 500))}m", "memory": "32Mi"}},
        "restart": {"policy": random.choice(("always", "always", "always", "on-failure", "never"))},
        "placement": {
            "strategy": random.choice(("binpack", "spread", "random(7)")),
            "nodeSelector": random.choice(({}, {}, {}, {"disk": "ssd"})),
        },
        "probes": random.choice(_PROBES),
    }
    return ServiceSpec.model_validate(chosen)


def behaviour(random: Random) -> Behaviour:
    """Delays always, and each fault in about every second world."""

    def share(highest: float) -> float:
        return random.uniform(0, highest) if random.random() < 0.5 else 0.0

    def honest(highest: float) -> float:
        return 0.0 if truthful else share(highest)

    truthful = random.random() < 0.4
    return Behaviour(
        call=Delay(random.choice((0.002, 0.02, 0.2)), 0.8),
        boot=Delay(random.choice((0.1, 0.8, 3.0)), 0.6),
        stop=Delay(random.choice((0.05, 0.5, 4.0)), 0.6),
        probe=Delay(random.choice((0.002, 0.1)), 0.8),
        pull=Delay(random.choice((0.0, 2.0)), 0.5),
        news=Delay(random.choice((0.0, 0.05, 1.0)), 1.0),
        mean_life_s=random.choice((float("inf"), 30.0, 300.0)),
        bad_revisions=share(0.4),
        hanging=share(0.5),
        deaf=share(0.3),
        failing_pulls=share(0.5),
        failing_calls=share(0.2),
        unanswered_calls=honest(0.2),
        lost_news=share(1.0),
        repeated_news=share(0.5),
        hidden=honest(0.5),
        stale=honest(0.5),
    )


Weighted = tuple[tuple[str, int], ...]
OPERATIONS: Final[Weighted] = (
    ("change", 5), ("scale", 4), ("restart", 2), ("delete", 1), ("prune", 1),
    ("kill", 4), ("freeze", 2), ("cordon", 2), ("drain", 2), ("uncordon", 3),
    ("lose_node", 1), ("restore_node", 2), ("engine_down", 1), ("engine_up", 3),
    ("restart_controller", 1), ("kill_controller", 1), ("wait", 3),
)  # fmt: skip


def operations(random: Random) -> list[str]:
    """What is done, in order."""
    names, weights = zip(*OPERATIONS, strict=True)
    return random.choices(names, weights, k=random.randint(4, 14))


def pause(random: Random) -> float:
    """Seconds from one operation to the next: often too few for the one before to be over."""
    draw: Callable[[], float] = random.choice(
        (lambda: 0.0, lambda: random.uniform(0, 1), lambda: random.uniform(1, 15))
    )
    return draw()
