"""A lane: one docker-py client, the threads that share it, and the time a call may take."""

import threading
from collections.abc import Callable
from typing import TypeVar

import docker

from orchestrator.engines.docker.address import Dialer
from orchestrator.engines.docker.faults import translated
from orchestrator.engines.docker.threads import Threads

T = TypeVar("T")


class Lane:
    """Calls of one kind. Lanes keep quick calls from queueing behind slow ones."""

    def __init__(self, dialer: Dialer, *, threads: int, timeout_s: float) -> None:
        self._dialer = dialer
        self._threads = Threads(threads)
        self._connections = threads
        self._timeout_s = timeout_s
        self._client: docker.APIClient | None = None
        self._dialling = threading.Lock()

    async def call(
        self, what: str, work: Callable[[docker.APIClient], T], *, extra_s: float = 0.0
    ) -> T:
        """What `work` returns; it may take `extra_s` longer than others. `what` completes
        "cannot …". Raises the engine errors of `model.errors`."""

        with translated(what, self._dialer.url):
            return await self._threads.run(
                lambda: work(self._connected()), self._timeout_s + extra_s
            )

    async def idle(self) -> None:
        """Return when no call is under way any more, also none that was cancelled."""
        await self._threads.idle(self._timeout_s)

    def close(self) -> None:
        """Let go of idle connections; those in use close by themselves."""
        if self._client is not None:
            self._client.close()

    def _connected(self) -> docker.APIClient:
        with self._dialling:
            if self._client is None:
                self._client = self._dialer.dial(self._timeout_s, self._connections)
            return self._client
