"""Carries out what was decided. Decides nothing: each action is tried until it is done or has
failed in a way that is news for the next decision."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Final

from orchestrator.core.launching import image_for, launch_for
from orchestrator.engines.base import Engine, StartsMany
from orchestrator.model.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
    ImageError,
    NotFoundError,
    OrchestratorError,
)
from orchestrator.model.launch import EngineReplica, ImageSpec, Launch
from orchestrator.model.plan import Action, KillReplica, RemoveReplica, StartReplica, StopReplica
from orchestrator.model.spec import ServiceSpec
from orchestrator.model.state import Exit, Phase, ReplicaId, Service
from orchestrator.runtime.cluster import Cluster
from orchestrator.runtime.deadlines import Deadlines
from orchestrator.runtime.images import Images
from orchestrator.runtime.publisher import Publisher

START_TRIES: Final = 3
RETRY_S: Final = 0.2
RETRY_MAX_S: Final = 5.0
KILLED: Final = 137
"""What a shell reports of a program that SIGKILL ended: 128 + 9."""


class Executor:
    """One task for each action under way, or for all starts of a service at once where the engine
    can do that. `unavailable` is told when the engine is away."""

    def __init__(
        self, engine: Engine, cluster: Cluster, publisher: Publisher, images: Images,
        unavailable: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._engine = engine
        self._cluster = cluster
        self._publisher = publisher
        self._images = images
        self._unavailable = unavailable
        self._starts: dict[ReplicaId, asyncio.Task[None]] = {}
        self._tasks: dict[ReplicaId, asyncio.Task[None]] = {}
        self._kills: dict[ReplicaId, asyncio.Task[None]] = {}
        self._deadlines = Deadlines(cluster.store, cluster.log)

    def submit(self, actions: Iterable[Action]) -> None:
        """Begin. What is already under way for a replica is not begun again."""
        starts: dict[str, list[StartReplica]] = {}
        for action in actions:
            match action:
                case StartReplica():
                    starts.setdefault(action.id.service, []).append(action)
                case StopReplica():
                    self._submit_stop(action)
                case KillReplica():
                    self._submit_kill(action)
                case RemoveReplica():
                    self._once(action.id, self._remove(action))
        for name, those in starts.items():
            if service := self._cluster.desired.now.services.get(name):
                self._submit_starts(those, service)

    async def close(self) -> None:
        """Abandon what is under way: the next controller finds it by labels."""
        tasks = [*self._starts.values(), *self._tasks.values(), *self._kills.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _once(self, id_: ReplicaId, work: Awaitable[None]) -> None:
        if id_ in self._tasks:
            asyncio.ensure_future(work).cancel()
            return
        task = asyncio.ensure_future(work)
        self._tasks[id_] = task
        task.add_done_callback(lambda done: self._ended(self._tasks, id_, done))

    def _ended(
        self, tasks: dict[ReplicaId, asyncio.Task[None]], id_: ReplicaId, task: asyncio.Task[None]
    ) -> None:
        """Only now can the next action on the replica begin: time to decide on it."""
        tasks.pop(id_, None)
        if not task.cancelled() and (error := task.exception()):
            self._cluster.log.warning("ActionFailed", f"replica/{id_.name}", f"{id_}: {error!r}")
        else:
            self._cluster.touch(id_.service)

    # -- start -----------------------------------------------------------------------------

    def _submit_starts(self, actions: Sequence[StartReplica], service: Service) -> None:
        for action in actions:
            self._cluster.observed.start_ordered(action, service.spec)
            self._cluster.log.normal("Scheduled", f"replica/{action.id.name}", str(action))
        if isinstance(self._engine, StartsMany):
            self._begin(actions, self._start_all(self._engine, actions, service))
        else:
            for action in actions:
                self._begin([action], self._start(action, service))

    def _begin(self, actions: Sequence[StartReplica], work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name=str(actions[0]))
        for action in actions:
            self._starts[action.id] = task
        task.add_done_callback(lambda done: self._begun(actions, done))

    def _begun(self, actions: Sequence[StartReplica], task: asyncio.Future[None]) -> None:
        for action in actions:
            if self._starts.get(action.id) is task:
                del self._starts[action.id]

    async def _start_all(
        self, engine: StartsMany, actions: Sequence[StartReplica], service: Service
    ) -> None:
        """In one call; then one by one those that it was not enough for."""
        try:
            await self._ensure_image(service.spec)
            wanted = [action for action in actions if self._is_starting(action)]
            seen = await engine.start_all([self._launch(action, service) for action in wanted])
        except OrchestratorError as error:
            for action in actions:
                self._not_started(action, error)
        else:
            for action, one in zip(wanted, seen, strict=True):
                if one is not None:
                    self._believe(one)
                else:
                    self._begin([action], self._start(action, service))
        self._cluster.touch(service.name)

    async def _start(self, action: StartReplica, service: Service) -> None:
        try:
            seen = await self._started(action, service)
        except OrchestratorError as error:
            self._not_started(action, error)
        else:
            if seen is not None:
                self._believe(seen)
        self._cluster.touch(action.id.service)

    def _not_started(self, action: StartReplica, error: OrchestratorError) -> None:
        if isinstance(error, EngineUnavailableError):
            # Nobody's failure: forgotten, and tried anew when the engine answers again.
            self._cluster.observed.forget(action.id)
            self._unavailable(str(error))
        else:
            reason = error.reason if isinstance(error, ImageError) else "StartError"
            self._cluster.exited(action.id, Exit(reason=reason, message=_told(error)))

    def _believe(self, seen: EngineReplica) -> None:
        if seen.running:
            self._cluster.runs(seen)
        else:
            # A start that timed out may have run its course before it was repeated.
            how = seen.exit or Exit(reason="StartError")
            self._cluster.exited(seen.id, how, seen.engine_id)

    async def _started(self, action: StartReplica, service: Service) -> EngineReplica | None:
        image = await self._ensure_image(service.spec)
        if not self._is_starting(action):
            return None
        launch = self._launch(action, service)
        for left in reversed(range(START_TRIES)):
            try:
                return await self._engine.start(launch)
            except EngineTimeoutError:
                # It may have taken effect: starting again finds it by its name.
                if not left:
                    raise
            except NotFoundError:
                # The image went away since it was last seen.
                if not left or image is None:
                    raise
                self._images.doubt(image)
                await self._images.ensure(image)
        return None

    async def _ensure_image(self, spec: ServiceSpec) -> ImageSpec | None:
        image = image_for(spec, self._cluster.desired.source(spec.name))
        if image is not None:
            await self._images.ensure(image)
        return image

    def _is_starting(self, action: StartReplica) -> bool:
        """Whether nobody has thought better of it meanwhile."""
        return self._cluster.observed.replicas[action.id].phase is Phase.STARTING

    def _launch(self, action: StartReplica, service: Service) -> Launch:
        return launch_for(action, service, self._cluster.desired.now.nodes.get(action.node))

    # -- stop ------------------------------------------------------------------------------

    def _submit_stop(self, action: StopReplica) -> None:
        if action.id in self._tasks:
            return
        self._cluster.observed.stop_ordered(action)
        reason = "Unhealthy" if action.failed else "Killing"
        record = self._cluster.log.warning if action.failed else self._cluster.log.normal
        record(reason, f"replica/{action.id.name}", str(action))
        self._once(action.id, self._stop(action))

    async def _stop(self, action: StopReplica) -> None:
        if start := self._starts.get(action.id):
            await asyncio.wait([start])
        grace_s, drain_s = self._graces(action.id)
        await self._deadlines.begin(action.id, drain_s + grace_s)
        await self._publisher.unroute(action.id, drain_s)
        known = self._cluster.observed.replicas.get(action.id)
        if known is not None and known.engine_id is not None and known.phase is Phase.STOPPING:
            engine_id = known.engine_id
            await self._insist(lambda: self._engine.stop(engine_id, grace_s))
        self._cluster.exited(action.id, Exit(ordered=not action.failed))
        self._deadlines.end(action.id)

    def _graces(self, id_: ReplicaId) -> tuple[float, float]:
        """Seconds for SIGTERM and for draining; what an earlier controller granted is spent."""
        spec = self._cluster.desired.spec(id_.service)
        grace_s = spec.stop_grace_period_s if spec else None
        drain_s = spec.proxy.drain_timeout_s if spec and spec.proxy else None
        grace_s, drain_s = 10.0 if grace_s is None else grace_s, drain_s or 0.0
        left_s = self._deadlines.granted(id_)
        return (grace_s, drain_s) if left_s is None else (min(grace_s, left_s), 0.0)

    # -- kill ------------------------------------------------------------------------------

    def _submit_kill(self, action: KillReplica) -> None:
        """Beside whatever is under way for the replica: a power cut waits for no order."""
        if action.id in self._kills:
            return
        self._cluster.observed.kill_ordered(action)
        task = asyncio.create_task(self._kill(action.id), name=str(action))
        self._kills[action.id] = task
        task.add_done_callback(lambda done: self._ended(self._kills, action.id, done))

    async def _kill(self, id_: ReplicaId) -> None:
        if start := self._starts.get(id_):
            await asyncio.wait([start])
        # A controller that comes after us must not take it for a failure.
        await self._deadlines.begin(id_, 0.0)
        known = self._cluster.observed.replicas.get(id_)
        if known is not None and known.engine_id is not None and known.phase is Phase.STOPPING:
            engine_id = known.engine_id
            await self._insist(lambda: self._engine.signal(engine_id, "KILL"))
        self._cluster.exited(id_, Exit(code=KILLED))
        self._deadlines.end(id_)

    # -- remove ----------------------------------------------------------------------------

    async def _remove(self, action: RemoveReplica) -> None:
        known = self._cluster.observed.replicas.get(action.id)
        if known is not None and known.engine_id is not None:
            engine_id = known.engine_id
            await self._insist(lambda: self._engine.remove(engine_id))
        self._cluster.observed.forget(action.id)

    async def _insist(self, call: Callable[[], Awaitable[None]]) -> None:
        """Repeat an idempotent call until it works. Gone already is as good as done."""
        pause_s = RETRY_S
        while True:
            try:
                return await call()
            except NotFoundError:
                return None
            except EngineError as error:
                self._cluster.log.warning("EngineError", "project", _told(error))
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, RETRY_MAX_S)


def _told(error: OrchestratorError) -> str:
    return f"{error} ({error.remedy})" if error.remedy else str(error)
