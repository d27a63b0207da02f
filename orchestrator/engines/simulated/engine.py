"""`SimulatedEngine`: the engine protocol for replicas that exist only in memory.

They have no endpoint and run no program: the engine answers probes for them, and there is nothing
to execute a command in. Every call takes its time and may fail as `Behaviour` says.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, TypeVar

from orchestrator.engines.base import Progress
from orchestrator.engines.simulated.sight import Sight
from orchestrator.engines.simulated.world import SimulatedReplica, World
from orchestrator.model.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    ImageError,
    NotFoundError,
)
from orchestrator.model.launch import (
    EngineEvent,
    EngineReplica,
    ExecResult,
    ImageSpec,
    Launch,
    LogLine,
    Usage,
)
from orchestrator.model.signals import short, signal_named
from orchestrator.model.spec import Probe

T = TypeVar("T")

# Of what is requested; a simulated replica is neither busy nor idle.
LOAD: Final = 0.5


class SimulatedEngine:
    """One controller's way to a `World`. `down`: as if the engine did not answer."""

    name = "simulated"

    def __init__(self, world: World) -> None:
        self.writes = 0
        self.down = False
        self._world = world
        self._sight = Sight(world)
        self._queue: asyncio.Queue[EngineEvent | None] | None = None
        self._closed = asyncio.Event()

    async def open(self) -> None:
        """Raises `EngineUnavailableError` while `down`."""
        await self._answer()

    async def close(self) -> None:
        """Let go; the world goes on."""
        self._closed.set()
        self._world.ears.pop(id(self), None)
        if self._queue is not None:
            self._queue.put_nowait(None)

    async def list(self) -> list[EngineReplica]:
        """What `Sight` shows."""
        seen = self._sight.look()
        await self._answer()
        return seen

    async def ensure_image(self, image: ImageSpec, progress: Progress) -> None:
        """The first time, a pull."""
        await self._answer()
        world = self._world
        if image.image in world.images:
            return
        self.writes += 1
        progress(f"pulling {image.image} (simulated)")
        await asyncio.sleep(world.behaviour.pull.draw(world.random))
        if world.chance(world.behaviour.failing_pulls):
            raise ImageError(
                f"cannot pull {image.image}: the simulation has it fail",
                reason="ErrImagePull",
                remedy="it is tried again",
            )
        world.images.add(image.image)

    async def start(self, launch: Launch) -> EngineReplica:
        """Raises `EngineError` where the node is lost."""
        return await self._write(lambda: self._start(launch))

    async def start_all(self, launches: Sequence[Launch]) -> Sequence[EngineReplica | None]:
        """All in the time of one call; each may fail by itself."""
        await self._answer()
        return [self._tried(launch) for launch in launches]

    def _tried(self, launch: Launch) -> EngineReplica | None:
        try:
            return self._done(lambda: self._start(launch))
        except EngineError:
            return None

    def _start(self, launch: Launch) -> EngineReplica:
        if launch.node in self._world.lost_nodes:
            raise EngineError(f"node {launch.node} does not answer")
        return self._world.start(launch).seen()

    async def stop(self, engine_id: str, grace_s: float) -> None:
        """SIGTERM, SIGKILL after `grace_s`."""
        replica = await self._write(lambda: self._world.find(engine_id))
        if replica is None or not replica.running:
            return
        over = asyncio.Event()
        replica.watchers.append(over.set)
        self._world.terminate(replica)
        try:
            async with asyncio.timeout(grace_s):
                await over.wait()
        except TimeoutError:
            self._world.kill(replica)

    async def signal(self, engine_id: str, signal: str) -> None:
        """KILL and TERM end it, STOP freezes it and CONT thaws it; others do nothing."""
        name = short(signal_named(signal).name)
        await self._write(lambda: self._send(self._running(engine_id), name))

    def _send(self, replica: SimulatedReplica, name: str) -> None:
        if name == "KILL":
            self._world.kill(replica)
        elif name in ("TERM", "INT"):
            self._world.terminate(replica)
        elif name in ("STOP", "CONT"):
            replica.frozen = name == "STOP"

    async def remove(self, engine_id: str) -> None:
        """Gone already: success."""
        await self._write(lambda: self._remove(engine_id))

    def _remove(self, engine_id: str) -> None:
        if replica := self._world.find(engine_id):
            self._world.remove(replica)

    async def events(self) -> AsyncIterator[EngineEvent]:
        """`resync`, then what happens."""
        queue: asyncio.Queue[EngineEvent | None] = asyncio.Queue()
        self._queue = queue
        self._world.ears[id(self)] = queue.put_nowait
        yield EngineEvent("resync")
        while (event := await queue.get()) is not None:
            yield event

    async def logs(
        self, replica: EngineReplica, *, tail: int | None = None, follow: bool = False
    ) -> AsyncIterator[LogLine]:
        """What is known of its life, in place of the output of a program."""
        known = self._world.find(replica.engine_id)
        if known is None:
            raise NotFoundError(f"replica {replica.id} has no logs here")
        told = _story(known, asyncio.get_running_loop().time())
        for text in told[max(0, len(told) - tail) if tail is not None else 0 :]:
            yield LogLine(replica.id, text)
        if follow and known.running:
            await self._until_over(known)
            for text in _story(known, asyncio.get_running_loop().time())[len(told) :]:
                yield LogLine(replica.id, text)

    async def _until_over(self, replica: SimulatedReplica) -> None:
        over = asyncio.Event()
        replica.watchers.append(over.set)
        waits = [asyncio.ensure_future(event.wait()) for event in (over, self._closed)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def exec(
        self,
        engine_id: str,
        argv: Sequence[str],
        timeout_s: float,  # noqa: ARG002 - at once
    ) -> ExecResult:
        """Always raises: `NotFoundError`, or `EngineError`, for there is no program."""
        await self._answer()
        self._running(engine_id)
        raise EngineError(
            f"a simulated replica cannot run {argv[0]!r}: it is no program",
            remedy="use the docker or the process engine",
        )

    async def stats(self, engine_ids: Sequence[str]) -> dict[str, Usage]:
        """Half of what they request."""
        await self._answer()
        now = asyncio.get_running_loop().time()
        found = (self._world.find(engine_id) for engine_id in engine_ids)
        return {
            one.engine_id: Usage(
                (now - one.started_at) * one.cpu_millicores / 1000 * LOAD,
                int(one.memory_bytes * LOAD),
            )
            for one in found
            if one is not None and one.running
        }

    async def destroy(self) -> None:
        """All replicas go."""
        self.writes += 1
        for replica in self._world:
            self._world.remove(replica)

    async def probe(self, engine_id: str, probe: Probe) -> str:  # noqa: ARG002 - any is answered
        """ "" if the replica answers, else why not. A frozen one never answers."""
        world = self._world
        if delay_s := world.behaviour.probe.draw(world.random):
            await asyncio.sleep(delay_s)
        replica = world.find(engine_id)
        if replica is None or not replica.running:
            return "it runs no more"
        if replica.frozen:
            await asyncio.Event().wait()
        return "" if world.answers(replica) else "it still boots"

    # -- calls -----------------------------------------------------------------------------

    async def _answer(self) -> None:
        """A call takes its time."""
        world = self._world
        await asyncio.sleep(world.behaviour.call.draw(world.random))
        if self.down:
            raise EngineUnavailableError("the simulated engine does not answer")

    async def _write(self, work: Callable[[], T]) -> T:
        """A call that changes something, fails, or changes it and seems to have failed."""
        await self._answer()
        return self._done(work)

    def _done(self, work: Callable[[], T]) -> T:
        world = self._world
        if world.chance(world.behaviour.failing_calls):
            raise EngineError("the simulated engine failed the call")
        self.writes += 1
        result = work()
        if world.chance(world.behaviour.unanswered_calls):
            raise EngineTimeoutError("the simulated engine did not answer in time")
        return result

    def _running(self, engine_id: str) -> SimulatedReplica:
        replica = self._world.find(engine_id)
        if replica is None or not replica.running:
            raise NotFoundError(f"no replica with the id {engine_id} runs")
        return replica


def _story(replica: SimulatedReplica, now: float) -> list[str]:
    told = [f"simulated: started on {replica.node}"]
    if replica.answers_at <= min(now, replica.ended_at):
        told.append(f"simulated: answers after {replica.answers_at - replica.started_at:.2f} s")
    if replica.exit is not None:
        told.append(f"simulated: ended with code {replica.exit.code}")
    return told
