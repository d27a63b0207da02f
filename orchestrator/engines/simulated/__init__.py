"""The simulated engine: nodes and replicas in memory, on the machine's clock or a virtual one."""

from orchestrator.engines.simulated.behaviour import CALM, PLAYFUL, Behaviour, Delay
from orchestrator.engines.simulated.engine import SimulatedEngine
from orchestrator.engines.simulated.virtual_time import VirtualClock, VirtualLoop
from orchestrator.engines.simulated.world import World

__all__ = [
    "CALM", "PLAYFUL", "Behaviour", "Delay", "SimulatedEngine", "VirtualClock", "VirtualLoop",
    "World",
]  # fmt: skip
