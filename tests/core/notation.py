"""A compact text for cluster states, so that a test of a decision reads as a table.

    node n1 cpu=1 memory=1Gi zone=a disk=ssd cordoned      a node (draining, down); n1 is there if
                                                           no node is named: cpu 4, memory 4Gi
    node n2 taint=old:NoExecute                            for those with tolerates=old
    web 3@b cpu=300m policy=never strategy=spread          3 replicas wanted at revision b (paused:
                                                           its rollout is)
    web-1.2 n1@a ready                                     slot 1, attempt 2, on n1, revision a
    web-1 last=4 not_before=7 failures=2                   what slot 1 remembers

A replica is starting, running (not ready), ready, stopping, or exited: exit=0, exit=137, exit=oom,
exit=stopped, exit=NodeLost, exit=gone. `failed` is one whose liveness probe failed for good,
`unstarted` one whose startup probe has not passed, `restart` one that is to be restarted.
"""

import re
from typing import Final

from orchestrator.core.reconcile import reconcile
from orchestrator.model.quantity import parse_cpu
from orchestrator.model.spec import NodeSpec, ServiceSpec
from orchestrator.model.state import (
    Desired,
    Endpoint,
    Exit,
    Node,
    Observed,
    Phase,
    Replica,
    ReplicaId,
    Service,
    SlotHistory,
    SlotKey,
)
from orchestrator.model.timing import DEMO, with_timing

PHASES: Final = {
    "stopping": Phase.STOPPING,
    "starting": Phase.STARTING,
    "running": Phase.RUNNING,
    "ready": Phase.RUNNING,
}
EXITS: Final = {
    "oom": Exit(code=137, oom_killed=True),
    "stopped": Exit(code=0, ordered=True),
    "gone": Exit(),
}


def plan(text: str, now: float = 0.0, services: set[str] | None = None) -> str:
    """The plan for the state in `text`, as text."""
    return str(reconcile(*state(text), now, services))


def lines(text: str) -> str:
    """`text` without indentation and empty lines."""
    return "\n".join(line.strip() for line in text.strip().splitlines() if line.strip())


def state(text: str) -> tuple[Desired, Observed]:
    """What is wanted and what is."""
    nodes: dict[str, Node] = {}
    services: dict[str, Service] = {}
    replicas: list[Replica] = []
    restarts: set[ReplicaId] = set()
    slots: dict[SlotKey, SlotHistory] = {}
    for line in lines(text).splitlines():
        words = line.split("#")[0].split()
        head, rest = words[0], words[1:]
        if head == "node":
            nodes[rest[0]] = _node(rest[0], rest[1:])
        elif found := re.fullmatch(r"([a-z]+)-(\d+)\.(\d+)", head):
            replicas.append(_replica(found[1], int(found[2]), int(found[3]), rest))
            restarts |= {replicas[-1].id} if "restart" in rest else set()
        elif found := re.fullmatch(r"([a-z]+)-(\d+)", head):
            slots[SlotKey(found[1], int(found[2]))] = _history(rest)
        else:
            services[head] = _service(head, rest)
    desired = Desired(services, nodes or {"n1": _node("n1", [])}, restarts=frozenset(restarts))
    return desired, Observed(tuple(replicas), slots)


def service(name: str, **fields: object) -> ServiceSpec:
    """A spec with its defaults filled in."""
    spec = ServiceSpec.model_validate({"name": name, "image": "app", **fields})
    return with_timing(spec, DEMO)


def _split(words: list[str]) -> tuple[set[str], dict[str, str]]:
    pairs = dict(word.split("=", 1) for word in words if "=" in word)
    return {word for word in words if "=" not in word}, pairs


def _node(name: str, words: list[str]) -> Node:
    flags, pairs = _split(words)
    taints = [taint.split(":") for taint in pairs.pop("taint", "").split(",") if taint]
    capacity = {"cpu": pairs.pop("cpu", "4"), "memory": pairs.pop("memory", "4Gi")}
    spec = NodeSpec.model_validate(
        {
            "name": name,
            "capacity": capacity,
            "zone": pairs.pop("zone", "default"),
            "taints": [{"key": key, "effect": effect} for key, effect in taints],
            "labels": pairs,
        }
    )
    return Node(spec, "cordoned" in flags, "draining" in flags, "down" in flags)


def _service(name: str, words: list[str]) -> Service:
    replicas, revision = words[0].split("@")
    flags, pairs = _split(words[1:])
    requests = {key: pairs.pop(key) for key in ("cpu", "memory") if key in pairs}
    tolerations = [{"key": key} for key in pairs.pop("tolerates", "").split(",") if key]
    priority = int(pairs.pop("priority", "0"))
    policy, strategy = pairs.pop("policy", "always"), pairs.pop("strategy", "binpack")
    spec = service(
        name,
        replicas=int(replicas),
        priority=priority,
        minAvailable=int(pairs.pop("keeps", "0")),
        resources={"requests": requests},
        restart={"policy": policy},
        placement={
            "strategy": strategy,
            "tolerations": tolerations,
            "gang": "gang" in flags,
            "nodeSelector": pairs,
        },
    )
    return Service(spec, revision, paused="paused" in flags)


def _replica(service: str, slot: int, attempt: int, words: list[str]) -> Replica:
    flags, pairs = _split(words[1:])
    node, revision = words[0].split("@")
    phase = next((PHASES[flag] for flag in PHASES if flag in flags), Phase.RUNNING)
    how = pairs.get("exit")
    return Replica(
        id=ReplicaId(service, slot, attempt),
        node=node,
        revision=revision,
        phase=Phase.EXITED if how else phase,
        cpu_millicores=parse_cpu(pairs.get("cpu", "100m")),
        memory_bytes=64 * 2**20,
        engine_id="c0ffee",
        endpoint=Endpoint("127.0.0.1", 9000 + slot),
        started="unstarted" not in flags,
        ready="ready" in flags,
        alive="failed" not in flags,
        exit=_exit(how) if how else None,
    )


def _exit(text: str) -> Exit:
    if text in EXITS:
        return EXITS[text]
    return Exit(code=int(text)) if text.isdigit() else Exit(reason=text)


def _history(words: list[str]) -> SlotHistory:
    _, pairs = _split(words)
    return SlotHistory(
        last_attempt=int(pairs.get("last", 0)),
        failures=int(pairs.get("failures", 0)),
        not_before=float(pairs.get("not_before", 0)),
    )
