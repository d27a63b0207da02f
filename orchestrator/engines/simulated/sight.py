"""What an engine's list shows: the truth, or part of it, or what was true a while ago."""

from collections import deque
from typing import Final

from orchestrator.engines.simulated.world import World
from orchestrator.model.launch import EngineReplica

MEMORY: Final = 5


class Sight:
    """One engine's view of the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._before: deque[list[EngineReplica]] = deque(maxlen=MEMORY)

    def look(self) -> list[EngineReplica]:
        """Every replica; with faults, every replica of before, or about half of them."""
        world, behaviour = self._world, self._world.behaviour
        seen = [replica.seen() for replica in world]
        if behaviour.stale:
            self._before.append(seen)
        if world.chance(behaviour.stale):
            seen = world.random.choice(self._before)
        if world.chance(behaviour.hidden):
            seen = [one for one in seen if world.random.random() < 0.5]
        return seen
