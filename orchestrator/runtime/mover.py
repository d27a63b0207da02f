"""Carries a rebalancing out: a few moves at a time, each through the desired state.

The decision replaces a replica that is to move as it replaces an outdated one: the new one is
ready and gets requests before the old one leaves. Here is only which moves are under way.
"""

from collections.abc import Mapping
from typing import Final

from orchestrator.core.rebalancing import Move, Rebalancing, progress_of
from orchestrator.model.state import SlotKey
from orchestrator.runtime.cluster import Cluster

AT_ONCE: Final = 4


class Mover:
    """The moves of one rebalancing: those under way and those to come."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._waiting: list[Move] = []
        self._under_way: list[Move] = []

    @property
    def left(self) -> tuple[Move, ...]:
        """The moves that are not over, in order."""
        return (*self._under_way, *self._waiting)

    def begin(self, plan: Rebalancing) -> None:
        """Make its moves; those of an earlier rebalancing that are not over are called off."""
        self._cluster.log.normal("Rebalancing", "project", str(plan))
        called_off, self._under_way = self._under_way, []
        self._waiting = list(plan.moves)
        self._advance(touched=called_off)

    def look(self, pending: Mapping[SlotKey, str]) -> None:
        """See which moves are over, and let as many others begin. `pending`: slots for which no
        room was found, and why."""
        over = [move for move in self._under_way if self._is_over(move, pending)]
        if over:
            self._under_way = [move for move in self._under_way if move not in over]
            self._advance(touched=over)

    def _advance(self, touched: list[Move]) -> None:
        begun = self._waiting[: AT_ONCE - len(self._under_way)]
        self._waiting = self._waiting[len(begun) :]
        self._under_way += begun
        for move in begun:
            self._say(move, "Moving", str(move))
        self._cluster.desired.move({move.id: move.target for move in self._under_way})
        for move in (*touched, *begun):
            self._cluster.touch(move.id.service)

    def _is_over(self, move: Move, pending: Mapping[SlotKey, str]) -> bool:
        replicas = self._cluster.observed.of_service(move.id.service)
        slot = [one for one in replicas if one.id.key == move.id.key]
        progress = progress_of(move, slot, pending.get(move.id.key, ""))
        if progress.trouble:
            self._give_up(move, progress.trouble)
        elif progress.over:
            self._say(move, "Moved", f"from {move.source} to {move.target}")
        return progress.over

    def _give_up(self, move: Move, why: str) -> None:
        """Its node will not be free: what else it holds may stay."""
        self._cluster.log.warning(
            "MoveFailed", f"replica/{move.id.name}", f"{move.id} stays on {move.source}: {why}"
        )
        self._waiting = [one for one in self._waiting if one.source != move.source]

    def _say(self, move: Move, reason: str, message: str) -> None:
        self._cluster.log.normal(reason, f"replica/{move.id.name}", message)
