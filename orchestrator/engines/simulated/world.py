"""What a simulation simulates: nodes, images and replicas. It outlives engines, as machines do
their controllers; engines are only a way to look at it and to change it.
"""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Final

from orchestrator.engines.simulated.behaviour import CALM, Behaviour
from orchestrator.model.launch import EngineEvent, EngineReplica, Launch
from orchestrator.model.state import Exit, ReplicaId

KILLED: Final = 137
TERMINATED: Final = 143


@dataclass(slots=True, eq=False)
class SimulatedReplica:
    """One replica. Times are the event loop's."""

    id: ReplicaId
    engine_id: str
    node: str
    revision: str
    cpu_millicores: int
    memory_bytes: int
    started_at: float
    started_wall: float
    answers_at: float
    """When it has booted."""
    deaf: bool = False
    frozen: bool = False
    """It runs and does nothing: no probe is answered."""
    exit: Exit | None = None
    ended_at: float = math.inf
    fate: asyncio.TimerHandle | None = None
    ending: asyncio.TimerHandle | None = None
    watchers: list[Callable[[], None]] = field(default_factory=list)
    """Called once when it ends or vanishes."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.exit is None

    def seen(self) -> EngineReplica:
        """As an engine lists it. It has no endpoint: nothing listens."""
        return EngineReplica(
            id=self.id,
            engine_id=self.engine_id,
            node=self.node,
            revision=self.revision,
            running=self.running,
            exit=self.exit,
            started_wall=self.started_wall,
            cpu_request_millicores=self.cpu_millicores,
            memory_request_bytes=self.memory_bytes,
        )


class World:
    """Everything that is, for one seed. `wall` dates starts (seconds since the epoch)."""

    def __init__(
        self,
        behaviour: Behaviour = CALM,
        seed: int = 0,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.behaviour = behaviour
        self.random = Random(seed)  # noqa: S311 - a simulation is to be repeatable
        self.replicas: dict[ReplicaId, SimulatedReplica] = {}
        self.images: set[str] = set()
        self.lost_nodes: set[str] = set()
        self.ears: dict[int, Callable[[EngineEvent], None]] = {}
        self._seed = seed
        self._wall = wall
        self._bad: dict[tuple[str, str], bool] = {}
        self._by_engine_id: dict[str, SimulatedReplica] = {}
        self._started = 0

    def chance(self, share: float) -> bool:
        """Whether something that happens with this probability happens now."""
        return share > 0 and self.random.random() < share

    def find(self, engine_id: str) -> SimulatedReplica | None:
        """The replica, running or not; None if it is gone."""
        return self._by_engine_id.get(engine_id)

    def answers(self, replica: SimulatedReplica) -> bool:
        """Whether it would answer a probe."""
        booted = replica.answers_at <= asyncio.get_running_loop().time()
        return replica.running and booted and not replica.frozen

    # -- lives -----------------------------------------------------------------------------

    def start(self, launch: Launch) -> SimulatedReplica:
        """Begin a life, or go on with it."""
        known = self.replicas.get(launch.id)
        if known is not None:
            return known
        self._started += 1
        now = asyncio.get_running_loop().time()
        boot_s = self.behaviour.boot.draw(self.random)
        replica = SimulatedReplica(
            id=launch.id,
            engine_id=f"sim-{self._started}",
            node=launch.node,
            revision=launch.revision,
            cpu_millicores=launch.cpu_request_millicores,
            memory_bytes=launch.memory_request_bytes,
            started_at=now,
            started_wall=self._wall(),
            answers_at=now + boot_s,
            deaf=self.chance(self.behaviour.deaf),
        )
        self.replicas[launch.id] = self._by_engine_id[replica.engine_id] = replica
        self._decide_fate(replica, boot_s)
        self._tell(EngineEvent("started", replica.id, replica.engine_id))
        return replica

    def _decide_fate(self, replica: SimulatedReplica, boot_s: float) -> None:
        if self._is_bad(replica):
            life_s = boot_s * self.random.random()
        elif self.behaviour.mean_life_s < math.inf:
            life_s = self.random.expovariate(1 / self.behaviour.mean_life_s)
        else:
            return
        loop = asyncio.get_running_loop()
        replica.fate = loop.call_later(life_s, self._meet_fate, replica)

    def _is_bad(self, replica: SimulatedReplica) -> bool:
        if not self.behaviour.bad_revisions:
            return False
        key = (replica.id.service, replica.revision)
        if key not in self._bad:
            lot = Random(f"{self._seed}/{key}").random()  # noqa: S311 - see above
            self._bad[key] = lot < self.behaviour.bad_revisions
        return self._bad[key]

    def _meet_fate(self, replica: SimulatedReplica) -> None:
        if self.chance(self.behaviour.hanging):
            replica.frozen = True
            return
        oom = self.chance(0.2)
        self.end(replica, Exit(code=KILLED if oom else 1, oom_killed=oom))

    def terminate(self, replica: SimulatedReplica) -> None:
        """SIGTERM: it ends by itself, unless it is deaf, or frozen."""
        if replica.running and not (replica.deaf or replica.frozen or replica.ending):
            delay_s = self.behaviour.stop.draw(self.random)
            loop = asyncio.get_running_loop()
            how = Exit(code=TERMINATED)
            replica.ending = loop.call_later(delay_s, self.end, replica, how)

    def kill(self, replica: SimulatedReplica) -> None:
        """SIGKILL."""
        self.end(replica, Exit(code=KILLED))

    def end(self, replica: SimulatedReplica, how: Exit) -> None:
        """It runs no more, and stays listed."""
        if replica.running:
            replica.exit = how
            replica.ended_at = asyncio.get_running_loop().time()
            _let_go(replica)
            self._tell(EngineEvent("exited", replica.id, replica.engine_id, how))

    def remove(self, replica: SimulatedReplica) -> None:
        """Nothing of it is left."""
        self.kill(replica)
        if self._forget(replica):
            self._tell(EngineEvent("removed", replica.id, replica.engine_id))

    def _forget(self, replica: SimulatedReplica) -> bool:
        if self._by_engine_id.pop(replica.engine_id, None) is None:
            return False
        del self.replicas[replica.id]
        return True

    # -- disasters -------------------------------------------------------------------------

    def lose(self, node: str) -> None:
        """A node goes, and with it, without a word, all that it runs."""
        self.lost_nodes.add(node)
        for replica in [one for one in self.replicas.values() if one.node == node]:
            self._forget(replica)
            replica.exit = Exit()
            _let_go(replica)

    def restore(self, node: str) -> None:
        """The node is back, empty."""
        self.lost_nodes.discard(node)

    def calm_down(self, behaviour: Behaviour = CALM) -> None:
        """From now on nothing goes wrong, and what hangs goes on."""
        self.behaviour = behaviour
        self.lost_nodes.clear()
        for replica in self.replicas.values():
            replica.frozen = replica.deaf = False
            if replica.fate is not None:
                replica.fate.cancel()

    # -- news ------------------------------------------------------------------------------

    def _tell(self, event: EngineEvent) -> None:
        if self.ears and not self.chance(self.behaviour.lost_news):
            for _ in range(1 + self.chance(self.behaviour.repeated_news)):
                self._deliver(event)

    def _deliver(self, event: EngineEvent) -> None:
        delay_s = self.behaviour.news.draw(self.random)
        for ear in list(self.ears.values()):
            if delay_s:
                asyncio.get_running_loop().call_later(delay_s, ear, event)
            else:
                ear(event)

    def __iter__(self) -> Iterator[SimulatedReplica]:
        return iter(list(self.replicas.values()))


def _let_go(replica: SimulatedReplica) -> None:
    for timer in (replica.fate, replica.ending):
        if timer is not None:
            timer.cancel()
    replica.fate = replica.ending = None
    for watcher in replica.watchers:
        watcher()
    replica.watchers.clear()
