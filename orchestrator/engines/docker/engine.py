"""`DockerEngine`: the engine protocol for replicas that are containers."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final
from weakref import WeakValueDictionary

import docker
from docker.errors import NotFound

from orchestrator.engines.base import Progress
from orchestrator.engines.docker import destroying, ending, execution, images, starting, usage
from orchestrator.engines.docker.address import Dialer, find
from orchestrator.engines.docker.images import Images
from orchestrator.engines.docker.lane import Lane
from orchestrator.engines.docker.listing import Listing
from orchestrator.engines.docker.network import Network
from orchestrator.engines.docker.ownership import Ownership
from orchestrator.engines.docker.streams import Streams
from orchestrator.model.launch import (
    EngineEvent,
    EngineReplica,
    ExecResult,
    ImageSpec,
    Launch,
    LogLine,
    Usage,
)
from orchestrator.model.state import ReplicaId

TIMEOUT_S: Final = 5.0
"""For calls that only look."""
SLOW_TIMEOUT_S: Final = 60.0
"""For calls that make or end containers: an engine with many at once takes seconds for each."""
THREADS: Final = 10
"""docker-py's default number of connections; more do not make an engine faster."""
WAITING_THREADS: Final = 64
"""For calls that spend their time waiting for a replica: stopping, running commands in it."""
IMAGE_THREADS: Final = 4
NETWORK_TRIES: Final = 50
NETWORK_PAUSE_S: Final = 0.2
"""While an engine with much to do takes away what two instances made at the same moment."""


class DockerEngine:
    """Runs each replica as a container of one engine. `base_url` "" means the one that the docker
    command uses; `timeout_s` bounds the calls that only look. `publish_ports`: reach replicas
    through ports of 127.0.0.1 even where their own addresses answer."""

    name = "docker"

    def __init__(
        self,
        project: str,
        *,
        base_url: str = "",
        timeout_s: float = TIMEOUT_S,
        publish_ports: bool = False,
    ) -> None:
        self._project = project
        self._publish_ports = publish_ports
        self._writes = 0
        dialer = Dialer(base_url) if base_url else find()
        self._quick = Lane(dialer, threads=THREADS, timeout_s=timeout_s)
        self._slow = Lane(dialer, threads=THREADS, timeout_s=SLOW_TIMEOUT_S)
        self._waiting = Lane(dialer, threads=WAITING_THREADS, timeout_s=SLOW_TIMEOUT_S)
        self._imaging = Lane(dialer, threads=IMAGE_THREADS, timeout_s=images.TIMEOUT_S)
        self._streams = Streams(dialer, timeout_s)
        self._network = Network(project, self._quick)
        self._images = Images(self._quick, self._imaging)
        self._listing = Listing(project, self._quick)
        self._ownership = Ownership(project, self._quick)
        self._locks: WeakValueDictionary[ReplicaId, asyncio.Lock] = WeakValueDictionary()

    @property
    def writes(self) -> int:
        """Calls so far that changed, or could have changed, something on the engine."""
        return self._writes + self._network.writes + self._images.writes

    async def open(self) -> None:
        """See that the engine answers. The network is made when the first replica starts."""
        await self._quick.call("answer", lambda client: client.ping())

    async def close(self) -> None:
        """End streams, let go of connections. Calls under way end by themselves, in time."""
        self._streams.close()
        for lane in (self._quick, self._slow, self._waiting, self._imaging):
            lane.close()

    async def list(self) -> list[EngineReplica]:
        """All containers with labels of ours."""
        replicas = await self._listing.look()
        self._ownership.add(one.engine_id for one in replicas)
        return replicas

    async def ensure_image(self, image: ImageSpec, progress: Progress) -> None:
        """Have the image: as it is, built, or pulled. Raises `ImageError` with the remedy."""
        await self._images.ensure(image, progress)

    async def start(self, launch: Launch) -> EngineReplica:
        """Create and start, or return what was started. An attempt is never run twice."""
        async with self._locks.setdefault(launch.id, asyncio.Lock()):
            for _ in range(NETWORK_TRIES):
                try:
                    return await self._start(launch)
                except starting.NetworkLostError:
                    self._network.doubt()
                    await asyncio.sleep(NETWORK_PAUSE_S)
            return await self._start(launch)

    async def stop(self, engine_id: str, grace_s: float) -> None:
        """The image's stop signal, SIGKILL after `grace_s`, which is rounded up to seconds."""
        if not await self._ownership.owns(engine_id):
            return
        self._writes += 1
        await self._waiting.call(
            f"stop container {engine_id[:12]}",
            lambda client: ending.stop(client, engine_id, grace_s),
            extra_s=grace_s,
        )

    async def signal(self, engine_id: str, signal: str) -> None:
        """To the container's first process."""
        await self._ownership.require(engine_id)
        self._writes += 1
        await self._slow.call(
            f"signal container {engine_id[:12]}",
            lambda client: ending.send_signal(client, engine_id, signal),
        )

    async def remove(self, engine_id: str) -> None:
        """Remove with its logs and anonymous volumes."""
        if not await self._ownership.owns(engine_id):
            return
        self._writes += 1
        await self._slow.call(
            f"remove container {engine_id[:12]}", lambda client: ending.remove(client, engine_id)
        )
        self._ownership.discard(engine_id)

    def events(self) -> AsyncIterator[EngineEvent]:
        """`resync`, then `started`, `exited`, `oom` and `removed`."""
        return self._streams.events(self._project)

    async def logs(
        self, replica: EngineReplica, *, tail: int | None = None, follow: bool = False
    ) -> AsyncIterator[LogLine]:
        """Both streams, as the engine wrote them down."""
        lines = self._streams.lines(replica.engine_id, tail=tail, follow=follow)
        async for stream, text in lines:
            yield LogLine(replica.id, text, stream)

    async def exec(self, engine_id: str, argv: Sequence[str], timeout_s: float) -> ExecResult:
        """As the container's user, with its environment and limits."""
        await self._ownership.require(engine_id)
        self._writes += 1
        return await self._waiting.call(
            f"run {argv[0]!r} in container {engine_id[:12]}",
            lambda client: execution.run(client, engine_id, argv, timeout_s),
            extra_s=timeout_s,
        )

    async def stats(self, engine_ids: Sequence[str]) -> dict[str, Usage]:
        """From control groups, else asked of the engine."""
        here = {engine_id: usage.measure(engine_id) for engine_id in engine_ids}
        elsewhere = [engine_id for engine_id, used in here.items() if used is None]
        asked = await asyncio.gather(*map(self._ask_usage, elsewhere))
        found = here | dict(zip(elsewhere, asked, strict=True))
        return {engine_id: used for engine_id, used in found.items() if used is not None}

    async def destroy(self) -> None:
        """Remove all that carries the project's label; also what a start that was cancelled is
        about to make."""
        self._writes += 1
        for lane in (self._quick, self._slow):
            await lane.idle()
        await destroying.destroy(self._slow, self._project)
        self._network.doubt()

    async def _start(self, launch: Launch) -> EngineReplica:
        reachable = await self._network.ensure() and not self._publish_ports
        publish = launch.port is not None and not reachable
        self._writes += 1
        replica = await self._slow.call(
            f"start {launch.id}",
            lambda client: starting.start(client, self._project, launch, publish=publish),
        )
        self._ownership.add([replica.engine_id])
        return replica

    async def _ask_usage(self, engine_id: str) -> Usage | None:
        def ask(client: docker.APIClient) -> Usage | None:
            try:
                return usage.from_stats(client.stats(engine_id, stream=False, one_shot=True))
            except NotFound:
                return None

        return await self._quick.call(f"measure container {engine_id[:12]}", ask)
