"""Takes down what replicas say they have executed."""

import asyncio
from collections import defaultdict
from types import TracebackType

from benchmarks.soak.verdict import Executed


class Ledger:
    """`async with Ledger(host) as ledger:` listens on `port`. `entries`: id → its executions."""

    def __init__(self, host: str) -> None:
        self.entries: dict[str, list[Executed]] = defaultdict(list)
        self.port = 0
        self._host = host
        self._reading: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Ledger":
        self._server = await asyncio.start_server(self._replica, self._host)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._server.close()
        for task in self._reading:
            task.cancel()
        await asyncio.gather(*self._reading, return_exceptions=True)

    @property
    def open(self) -> int:
        """Replicas that may still have something to tell."""
        return len(self._reading)

    async def _replica(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._reading.add(task)
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                request_id, digest, replica = line.decode().split()
                self.entries[request_id].append(Executed(digest, replica))
        except ConnectionError:
            pass
        finally:
            self._reading.discard(task)
            writer.close()
