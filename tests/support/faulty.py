"""A real engine behind a layer that a test makes misbehave: every call still reaches the engine,
unless the fault is that it does not."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from orchestrator.engines.base import Engine, Progress
from orchestrator.model.errors import EngineTimeoutError, EngineUnavailableError
from orchestrator.model.launch import (
    EngineEvent,
    EngineReplica,
    ExecResult,
    ImageSpec,
    Launch,
    LogLine,
    Usage,
)

T = TypeVar("T")
WRITES = ("ensure_image", "start", "stop", "signal", "remove")


class Passing:
    """Passes everything on. `calls` names each call, in order."""

    def __init__(self, real: Engine) -> None:
        self.real = real
        self.name = real.name
        self.calls: list[str] = []

    @property
    def writes(self) -> int:
        """The real one's."""
        return self.real.writes

    async def call(self, name: str, real: Callable[[], Awaitable[T]]) -> T:
        """Every coroutine of the engine goes through here."""
        self.calls.append(name)
        return await real()

    async def open(self) -> None:
        """Not meddled with."""
        await self.real.open()

    async def close(self) -> None:
        """Not meddled with."""
        await self.real.close()

    async def destroy(self) -> None:
        """Not meddled with."""
        await self.real.destroy()

    async def list(self) -> list[EngineReplica]:
        """See `call`."""
        return await self.call("list", self.real.list)

    async def ensure_image(self, image: ImageSpec, progress: Progress) -> None:
        """See `call`."""
        await self.call("ensure_image", lambda: self.real.ensure_image(image, progress))

    async def start(self, launch: Launch) -> EngineReplica:
        """See `call`."""
        return await self.call("start", lambda: self.real.start(launch))

    async def stop(self, engine_id: str, grace_s: float) -> None:
        """See `call`."""
        await self.call("stop", lambda: self.real.stop(engine_id, grace_s))

    async def signal(self, engine_id: str, signal: str) -> None:
        """See `call`."""
        await self.call("signal", lambda: self.real.signal(engine_id, signal))

    async def remove(self, engine_id: str) -> None:
        """See `call`."""
        await self.call("remove", lambda: self.real.remove(engine_id))

    async def exec(self, engine_id: str, argv: Sequence[str], timeout_s: float) -> ExecResult:
        """See `call`."""
        return await self.call("exec", lambda: self.real.exec(engine_id, argv, timeout_s))

    async def stats(self, engine_ids: Sequence[str]) -> dict[str, Usage]:
        """See `call`."""
        return await self.call("stats", lambda: self.real.stats(engine_ids))

    async def events(self) -> AsyncIterator[EngineEvent]:
        """What the engine tells."""
        async for event in self.real.events():
            yield event

    async def logs(
        self, replica: EngineReplica, *, tail: int | None = None, follow: bool = False
    ) -> AsyncIterator[LogLine]:
        """Not meddled with."""
        async for line in self.real.logs(replica, tail=tail, follow=follow):
            yield line


class Silent(Passing):
    """Its events are lost, all of them."""

    async def events(self) -> AsyncIterator[EngineEvent]:
        """Nothing, for ever."""
        await asyncio.Event().wait()
        yield EngineEvent("resync")


class Garbled(Passing):
    """Its events come in pairs the wrong way round, and each one three times."""

    async def events(self) -> AsyncIterator[EngineEvent]:
        """The later one first."""
        held: EngineEvent | None = None
        async for event in self.real.events():
            if held is None and event.kind != "resync":
                held = event
                continue
            for one in (event, held) * 3:
                if one is not None:
                    yield one
            held = None


class Forgetful(Passing):
    """Its next `hidden` lists are empty, or its next `stale` ones as old as `remember`."""

    def __init__(self, real: Engine) -> None:
        super().__init__(real)
        self.hidden = 0
        self.stale = 0
        self._old: list[EngineReplica] = []

    async def remember(self) -> None:
        """What is now, to be told again later."""
        self._old = await self.real.list()

    async def list(self) -> list[EngineReplica]:
        """Nothing while `hidden`, old news while `stale`, else the truth."""
        seen = await super().list()
        if self.hidden:
            self.hidden -= 1
            return []
        if self.stale:
            self.stale -= 1
            return self._old
        return seen


class Delayed(Passing):
    """Its lists are made at once and arrive when they are let go."""

    def __init__(self, real: Engine) -> None:
        super().__init__(real)
        self.waiting = 0
        self._let_go = asyncio.Event()
        self._let_go.set()

    @contextlib.asynccontextmanager
    async def held_up(self) -> AsyncIterator[None]:
        """Lists made in this block arrive at its end."""
        self._let_go.clear()
        try:
            yield
        finally:
            self._let_go.set()

    async def list(self) -> list[EngineReplica]:
        """The truth of when it was asked."""
        seen = await super().list()
        self.waiting += 1
        await self._let_go.wait()
        self.waiting -= 1
        return seen


class Killing(Passing):
    """Its caller dies at the `at`-th writing call, before or after that takes effect: nothing it
    does after that reaches the engine."""

    def __init__(self, real: Engine, at: int, *, after: bool) -> None:
        super().__init__(real)
        self._left = at
        self._after = after
        self.dead = asyncio.Event()

    async def call(self, name: str, real: Callable[[], Awaitable[T]]) -> T:
        """Never returns once dead."""
        self._left -= name in WRITES
        dies = self._left == 0 and name in WRITES
        if self.dead.is_set() or (dies and not self._after):
            return await self._die()
        result = await super().call(name, real)
        if self.dead.is_set() or dies:
            return await self._die()
        return result

    async def _die(self) -> T:
        self.dead.set()
        await asyncio.Event().wait()
        raise AssertionError


class Slow(Passing):
    """The first `times` calls of each of `names` take effect, and the caller is told they did
    not answer in time."""

    def __init__(self, real: Engine, *names: str, times: int = 1) -> None:
        super().__init__(real)
        self._left = dict.fromkeys(names, times)

    async def call(self, name: str, real: Callable[[], Awaitable[T]]) -> T:
        """The real call, and then the lie."""
        result = await super().call(name, real)
        if self._left.get(name):
            self._left[name] -= 1
            raise EngineTimeoutError(f"no answer to {name}")
        return result


class Moody(Passing):
    """Does not answer while `down`, answers never while `hanging`."""

    def __init__(self, real: Engine) -> None:
        super().__init__(real)
        self.down = False
        self._flowing = asyncio.Event()
        self._flowing.set()

    def hang(self, on: bool = True) -> None:
        """Let no call through, or all again."""
        (self._flowing.clear if on else self._flowing.set)()

    async def call(self, name: str, real: Callable[[], Awaitable[T]]) -> T:
        """Refused, held up, or passed on."""
        self.calls.append(name)
        if self.down:
            raise EngineUnavailableError("the engine does not answer")
        await self._flowing.wait()
        return await real()

    async def events(self) -> AsyncIterator[EngineEvent]:
        """As a connection does that breaks: silent while down, then `resync`."""
        async for event in self.real.events():
            if not self.down:
                yield event


class Noisy(Passing):
    """On each event it tells 300 more that only say: look again."""

    async def events(self) -> AsyncIterator[EngineEvent]:
        """Each event in the middle of a burst."""
        async for event in self.real.events():
            for _ in range(150):
                yield EngineEvent("resync")
            yield event
            for _ in range(150):
                yield EngineEvent("resync")
