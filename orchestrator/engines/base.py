"""The one protocol of every engine: it runs single replicas and knows nothing of services.

All calls are coroutines, bounded in time, and safe to repeat. They raise `EngineUnavailableError`,
`EngineTimeoutError`, `NotFoundError` or `EngineError`. One contract test suite covers them all.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol, runtime_checkable

from orchestrator.model.launch import (
    EngineEvent,
    EngineReplica,
    ExecResult,
    ImageSpec,
    Launch,
    LogLine,
    Usage,
)
from orchestrator.model.spec import Probe
from orchestrator.model.state import ReplicaId

Progress = Callable[[str], None]
"""Is given one line of text at a time while something slow goes on."""


class Engine(Protocol):
    """Runs replicas of one project. Identity is in labels (or their like), never in memory: a new
    instance on the same project sees all that an earlier one started."""

    name: str
    """`docker`, `process`, `simulated`."""

    @property
    def writes(self) -> int:
        """Calls so far that changed, or could have changed, something on the engine."""

    async def open(self) -> None:
        """Make ready (network, folders). Raises `EngineUnavailableError`."""

    async def close(self) -> None:
        """Let go of connections and threads. Replicas go on."""

    async def list(self) -> list[EngineReplica]:
        """Every replica of the project, running or not, and nothing else: the truth."""

    async def ensure_image(self, image: ImageSpec, progress: Progress) -> None:
        """Have the image: as it is, built, or pulled. Raises `ImageError` with the remedy."""

    async def start(self, launch: Launch) -> EngineReplica:
        """Create and start. Idempotent by `launch.id`: what exists is started or returned."""

    async def stop(self, engine_id: str, grace_s: float) -> None:
        """SIGTERM, then SIGKILL after `grace_s`; returns when it runs no more. It stays listed
        (exited) until removed. Gone already: success."""

    async def signal(self, engine_id: str, signal: str) -> None:
        """Send a signal by name (`KILL`, `TERM`, …). Raises `NotFoundError`."""

    async def remove(self, engine_id: str) -> None:
        """Remove with its logs; kills it if it still runs. Gone already: success."""

    def events(self) -> AsyncIterator[EngineEvent]:
        """Hints as they happen, for ever. Reconnects by itself and then yields `resync`."""

    def logs(
        self, replica: EngineReplica, *, tail: int | None = None, follow: bool = False
    ) -> AsyncIterator[LogLine]:
        """Its output, the last `tail` lines (None: all), then what comes if `follow`; ends when
        the replica does."""

    async def exec(self, engine_id: str, argv: Sequence[str], timeout_s: float) -> ExecResult:
        """Run a command inside. Raises `NotFoundError` or `EngineTimeoutError` (and ends it)."""

    async def stats(self, engine_ids: Sequence[str]) -> dict[str, Usage]:
        """What each uses; those that are gone are left out."""

    async def destroy(self) -> None:
        """Remove everything of the project, replicas, networks, folders, whoever started it."""


@runtime_checkable
class AnswersProbes(Protocol):
    """An engine whose replicas are not to be reached over a network: it answers for them."""

    async def probe(self, engine_id: str, probe: Probe) -> str:
        """ "" if it passes, else why not. May take for ever."""


@runtime_checkable
class StartsMany(Protocol):
    """An engine to which many starts are one call."""

    async def start_all(self, launches: Sequence[Launch]) -> Sequence[EngineReplica | None]:
        """What `start` returns for each; None where it would have raised: it may or may not have
        taken effect, and `start` says why it fails."""


__all__ = ["AnswersProbes", "Engine", "Progress", "ReplicaId", "StartsMany"]
