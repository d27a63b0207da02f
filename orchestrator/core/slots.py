"""What is in each slot of a service: every replica classified, the best ones first."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from orchestrator.core.scheduling.taints import untolerated
from orchestrator.model.placement import Taint
from orchestrator.model.state import (
    Desired,
    Exit,
    Node,
    Phase,
    Replica,
    Service,
    SlotHistory,
    SlotKey,
)


class Standing(Enum):
    """What a replica is to its slot."""

    ENDED = auto()
    """It runs no more."""
    LEAVING = auto()
    """Its end was ordered already, or it goes with its node."""
    FAILED = auto()
    """Its startup or liveness probe failed for good."""
    DISPLACED = auto()
    """It has to leave its node, which is draining or no longer wanted, or is to move, or to be
    restarted."""
    OUTDATED = auto()
    """It runs another revision than the wanted one."""
    HELD = auto()
    """It is outdated too, but the rollout is paused: it stays."""
    CURRENT = auto()
    """It is what is wanted."""


def standing(replica: Replica, service: Service, desired: Desired) -> Standing:
    """What the replica is to its slot: the first line that applies decides."""
    if replica.phase is Phase.EXITED:
        return Standing.ENDED
    if replica.phase is Phase.STOPPING or is_lost(replica, desired):
        return Standing.LEAVING
    if not replica.alive:
        return Standing.FAILED
    if must_leave(replica, desired) or is_to_go(replica, desired):
        return Standing.DISPLACED
    if replica.revision != service.revision:
        return Standing.HELD if service.paused else Standing.OUTDATED
    return Standing.CURRENT


def is_lost(replica: Replica, desired: Desired) -> bool:
    """Whether it is on a node that is down and has not ended yet."""
    node = desired.nodes.get(replica.node)
    return node is not None and node.down and replica.phase is not Phase.EXITED


def must_leave(replica: Replica, desired: Desired) -> bool:
    """Whether its node is draining or gone, or has a NoExecute taint that is not tolerated."""
    node = desired.nodes.get(replica.node)
    if node is None or node.draining:
        return True
    return bool(node.spec.taints) and _evicted(replica, node, desired) is not None


def _evicted(replica: Replica, node: Node, desired: Desired) -> Taint | None:
    """The taint that makes the replica leave, if any."""
    service = desired.services.get(replica.id.service)
    if service is None:
        return None
    left = untolerated(node.spec.taints, service.spec.placement.tolerations)
    return next((taint for taint in left if taint.effect == "NoExecute"), None)


def is_to_go(replica: Replica, desired: Desired) -> bool:
    """Whether it is to be replaced by another for itself alone: restarted, or moved to another
    node. One that does not serve is not moved: there is nothing to hand over."""
    return replica.id in desired.restarts or (replica.ready and replica.id in desired.moves)


_NO_HISTORY: Final = SlotHistory()


@dataclass(slots=True)
class Slot:
    """The replicas of one slot by standing. `current` and `stale` (displaced or outdated) have
    the one to keep first; the others are in order of attempts. Held ones are as good as current,
    unless their replacement was on its way when the rollout was paused: that ends."""

    key: SlotKey
    history: SlotHistory
    newest: Replica | None = None
    """The one with the highest attempt number, whatever it is."""
    current: list[Replica] = field(default_factory=list)
    stale: list[Replica] = field(default_factory=list)
    failed: list[Replica] = field(default_factory=list)
    leaving: list[Replica] = field(default_factory=list)
    ended: list[Replica] = field(default_factory=list)

    @property
    def active(self) -> list[Replica]:
        """Those starting or running."""
        return [*self.current, *self.stale, *self.failed]

    @property
    def next_attempt(self) -> int:
        """A number never used before in this slot."""
        seen = self.newest.id.attempt if self.newest else 0
        return max(seen, self.history.last_attempt) + 1


def slots_of(
    service: Service,
    desired: Desired,
    replicas: Iterable[Replica],
    histories: Mapping[SlotKey, SlotHistory],
) -> dict[int, Slot]:
    """The slots that something may have to be done about, by ascending number: the wanted ones
    and those that still hold something, less those at rest."""
    found: dict[int, list[Replica]] = {number: [] for number in _wanted_numbers(service)}
    for replica in replicas:
        found.setdefault(replica.id.slot, []).append(replica)
    return {
        number: _slot(service, desired, SlotKey(service.name, number), there, histories)
        for number, there in sorted(found.items())
        if not _at_rest(number, there, service, desired)
    }


def _wanted_numbers(service: Service) -> range:
    return range(1, service.spec.replicas + 1)


def _at_rest(number: int, there: list[Replica], service: Service, desired: Desired) -> bool:
    """Whether the slot is wanted, and all it has is what is wanted, and ready."""
    if len(there) != 1 or number > service.spec.replicas or not there[0].ready:
        return False
    return standing(there[0], service, desired) in (Standing.CURRENT, Standing.HELD)


def _slot(
    service: Service,
    desired: Desired,
    key: SlotKey,
    there: list[Replica],
    histories: Mapping[SlotKey, SlotHistory],
) -> Slot:
    slot = Slot(key, histories.get(key, _NO_HISTORY))
    held: list[Replica] = []
    for replica in sorted(there, key=_attempt):
        _list_for(slot, held, standing(replica, service, desired)).append(replica)
        slot.newest = replica
    (slot.stale if slot.current else slot.current).extend(held)
    slot.current.sort(key=lambda replica: (not replica.ready, replica.id.attempt))
    slot.stale.sort(key=lambda replica: (not replica.ready, -replica.id.attempt))
    return slot


def _list_for(slot: Slot, held: list[Replica], verdict: Standing) -> list[Replica]:
    match verdict:
        case Standing.CURRENT:
            return slot.current
        case Standing.DISPLACED | Standing.OUTDATED:
            return slot.stale
        case Standing.HELD:
            return held
        case Standing.FAILED:
            return slot.failed
        case Standing.LEAVING:
            return slot.leaving
        case Standing.ENDED:
            return slot.ended


def _attempt(replica: Replica) -> int:
    return replica.id.attempt


# -- sentences ------------------------------------------------------------------------------------


def why_stale(replica: Replica, service: Service, desired: Desired) -> str:
    """Why a replica has to be replaced."""
    node = desired.nodes.get(replica.node)
    if node is None:
        return f"{replica.node} is gone"
    if node.draining:
        return f"{replica.node} is draining"
    if taint := _evicted(replica, node, desired):
        return f"{replica.node} has untolerated taint {taint}"
    if replica.id in desired.restarts:
        return "its restart was ordered"
    if replica.id in desired.moves and (replica.revision == service.revision or service.paused):
        return f"it moves from {replica.node}"
    return f"revision {replica.revision} -> {service.revision}"


def why_failed(replica: Replica) -> str:
    """Which probe failed."""
    return f"{'liveness' if replica.started else 'startup'} probe failed"


def crash_of(node: str) -> str:
    """Why what ran there ended."""
    return f"node {node} crashed"


def why_empty(slot: Slot, desired: Desired) -> str:
    """Why a slot without an active replica gets one."""
    newest = slot.newest
    if newest is None:
        return "slot is empty"
    if is_lost(newest, desired):
        return f"replacing {newest.id}: {crash_of(newest.node)}"
    if newest.phase is not Phase.EXITED:
        return f"replacing {newest.id}: it is being stopped"
    return f"replacing {newest.id}: {ending(newest.exit or Exit())}"


def ending(how: Exit) -> str:
    """`exited with code 137 (OOMKilled)`, `was stopped`, `ErrImagePull`, `vanished`."""
    if how.ordered:
        return "was stopped"
    if how.code is None:
        return how.word if how.oom_killed or how.reason else "vanished"
    named = f" ({how.word})" if how.oom_killed or how.reason else ""
    return f"exited with code {how.code}{named}"
