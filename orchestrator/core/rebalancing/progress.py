"""How far a move has come."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.core.rebalancing.planning import Move
from orchestrator.core.slots import ending
from orchestrator.model.state import Exit, Phase, Replica

__all__ = ["Progress", "progress_of"]


@dataclass(frozen=True, slots=True)
class Progress:
    """`over`: nothing more will come of it. `trouble`: why it failed, "" if it did not."""

    over: bool
    trouble: str = ""


def progress_of(move: Move, slot: Sequence[Replica], refusal: str = "") -> Progress:
    """`slot`: the replicas of the move's slot. `refusal`: why its target has no room, if so."""
    old = next((one for one in slot if one.id == move.id), None)
    newer = [one for one in slot if one.id.attempt > move.id.attempt]
    if any(one.ready and one.node == move.target for one in newer):
        return Progress(over=old is None or old.phase is Phase.EXITED)
    if old is None or not old.active:
        return Progress(True, f"{move.id} ended before it was replaced")
    if failed := [one for one in newer if one.phase is Phase.EXITED]:
        last = max(failed, key=lambda one: one.id.attempt)
        return Progress(True, f"{last.id} {ending(last.exit or Exit())}")
    return Progress(bool(refusal), refusal)
