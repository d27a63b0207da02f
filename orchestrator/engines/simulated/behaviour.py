"""How simulated replicas, and the engine that runs them, behave: seeded delays and faults."""

import math
from dataclasses import dataclass
from random import Random
from typing import Final


@dataclass(frozen=True, slots=True)
class Delay:
    """A log-normal time: half of the draws are below `median_s`, `sigma` is the spread of their
    logarithm. Start-up and response times have such long tails (Lublin and Feitelson, 2003)."""

    median_s: float = 0.0
    sigma: float = 0.0

    def draw(self, random: Random) -> float:
        """Seconds."""
        if not self.median_s or not self.sigma:
            return self.median_s
        return random.lognormvariate(math.log(self.median_s), self.sigma)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """Delays, and faults as shares from 0 to 1 of what could go wrong. All absent: `CALM`."""

    call: Delay = Delay()
    """Of each call to the engine."""
    boot: Delay = Delay()
    """From a replica's start until it answers probes."""
    stop: Delay = Delay()
    """From SIGTERM to the end."""
    probe: Delay = Delay()
    """Until a probe is answered."""
    pull: Delay = Delay()
    """Of an image."""
    news: Delay = Delay()
    """Until an event is told; events overtake each other."""

    mean_life_s: float = math.inf
    """Replicas crash after exponentially distributed times of this mean."""
    bad_revisions: float = 0.0
    """All replicas of a bad revision crash while they boot."""
    hanging: float = 0.0
    """Crashes that are none: the replica stops answering instead."""
    deaf: float = 0.0
    """Replicas that ignore SIGTERM."""
    failing_pulls: float = 0.0
    failing_calls: float = 0.0
    """Calls that fail and have no effect."""
    unanswered_calls: float = 0.0
    """Calls that have their effect and are said to have timed out."""
    lost_news: float = 0.0
    """Events that nobody is told of."""
    repeated_news: float = 0.0
    hidden: float = 0.0
    """Lists in which about half of the replicas are missing."""
    stale: float = 0.0
    """Lists that are up to five lists old."""

    @property
    def lies(self) -> bool:
        """Whether the engine's answers may be untrue: then even a controller without a fault may
        run a replica twice for a moment."""
        return bool(self.hidden or self.stale or self.unanswered_calls)


CALM: Final = Behaviour()
PLAYFUL: Final = Behaviour(
    call=Delay(0.005, 0.5),
    boot=Delay(0.8, 0.5),
    stop=Delay(0.2, 0.5),
    probe=Delay(0.002, 0.5),
    pull=Delay(2.0, 0.3),
)
"""About what containers of small web services take; nothing goes wrong unless a person does it."""
