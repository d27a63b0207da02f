"""The mixed traffic: an open model, each request due at its time, whatever became of others."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final

from benchmarks.soak.backend import content, digest
from benchmarks.soak.client import Client, Wanted
from benchmarks.soak.verdict import Sent, note

TIMEOUT_S: Final = 30.0
# Far less than the 75 s of the proxy: a client that sends then may meet the end half-way.
IDLE_S: Final = 5.0
LARGEST: Final = 200_000
SLOW_BYTES: Final = 1_000_000
SLOW_WINDOW: Final = 16 * 1024
SLOW_PAUSE_S: Final = 0.02  # 62 pieces of 16 KiB: within the time that a draining replica has
PIPELINED: Final = 4
TAKES_MS: Final = (0, 0, 5, 50, 200)
METHODS: Final = {"GET": 6, "POST": 3, "PUT": 2}
KINDS: Final = {"keep-alive": 70, "new connection": 20, "pipelined": 8, "slow reader": 1}
"""Name → weight."""


class Traffic:
    """`async with Traffic(…) as traffic:` sends to `port` until the block ends, then waits for
    what is open. `sent`: everything that ever was, with what became of it."""

    def __init__(self, port: int, rate: float, rng: random.Random) -> None:
        self.sent: list[Sent] = []
        self.ended: list[float] = []
        """When idle connections were found to be closed by the proxy."""
        self._port, self._rng, self._pause_s = port, rng, 1 / rate
        self._idle: list[Client] = []
        self._open: set[asyncio.Task[None]] = set()
        self._sending: asyncio.Task[None] | None = None
        self._ways: dict[str, Callable[[list[Wanted]], Awaitable[None]]] = {
            "keep-alive": self._keep_alive,
            "new connection": self._new_connection,
            "pipelined": self._pipelined,
            "slow reader": self._slow_reader,
        }

    async def __aenter__(self) -> "Traffic":
        self._sending = asyncio.create_task(self._send())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        assert self._sending is not None
        self._sending.cancel()
        await asyncio.gather(self._sending, return_exceptions=True)
        await asyncio.gather(*self._open, return_exceptions=True)
        for client in self._idle:
            client.close()

    @property
    def under_way(self) -> int:
        """Requests, or groups of pipelined ones, that have no answer yet."""
        return len(self._open)

    async def _send(self) -> None:
        due = time.perf_counter()
        while True:
            (kind,) = self._rng.choices([*KINDS], [*KINDS.values()])
            wanted = [self._wanted(kind) for _ in range(PIPELINED if kind == "pipelined" else 1)]
            task = asyncio.create_task(self._one(kind, wanted))
            self._open.add(task)
            task.add_done_callback(self._open.discard)
            due += self._pause_s * len(wanted)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))

    def _wanted(self, kind: str) -> Wanted:
        rng = self._rng
        slow = kind == "slow reader"
        (method,) = rng.choices([*METHODS], [*METHODS.values()])
        method = "GET" if slow else method
        size = 0 if method == "GET" else self._size()
        request_id = f"{method.lower()}-{len(self.sent):07}"
        sent = Sent(
            request_id, method, digest(content(request_id, size)), size, kind, time.perf_counter()
        )
        self.sent.append(sent)
        chunked = size > 0 and rng.random() < 0.3
        answer_bytes = SLOW_BYTES if slow else self._size()
        return Wanted(sent, answer_bytes, rng.choice(TAKES_MS), chunked, rng.random() < 0.3)

    def _size(self) -> int:
        """Mostly small, as on the web, but each size up to `LARGEST` comes."""
        rng = self._rng
        return rng.choice(
            (0, rng.randint(1, 2_000), rng.randint(1, 20_000), rng.randint(1, LARGEST))
        )

    async def _one(self, kind: str, wanted: list[Wanted]) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._ways[kind](wanted)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            note([one.sent for one in wanted], error)
        now = time.perf_counter()
        for one in wanted:
            one.sent.ended = one.sent.ended or now

    async def _keep_alive(self, wanted: list[Wanted]) -> None:
        await self._exchange(await self._client(), wanted)

    async def _pipelined(self, wanted: list[Wanted]) -> None:
        await self._exchange(await self._client(), wanted)

    async def _new_connection(self, wanted: list[Wanted]) -> None:
        await self._exchange(await Client.connect(self._port), wanted, close=True)

    async def _slow_reader(self, wanted: list[Wanted]) -> None:
        client = await Client.connect(self._port, SLOW_WINDOW)
        await self._exchange(client, wanted, close=True, pause_s=SLOW_PAUSE_S)

    async def _exchange(
        self, client: Client, wanted: list[Wanted], close: bool = False, pause_s: float = 0.0
    ) -> None:
        """All requests at once, then the answers in order; the connection is kept if it can be."""
        try:
            # Sending and reading go side by side: else both ends may wait for the other to read.
            async with asyncio.TaskGroup() as group:
                group.create_task(self._write(client, wanted, close))
                group.create_task(_read(client, wanted, pause_s))
        except BaseExceptionGroup as errors:
            client.close()
            raise errors.exceptions[0] from None
        except BaseException:
            client.close()
            raise
        if client.open and not close:
            client.idle_since = time.monotonic()
            self._idle.append(client)
        else:
            client.close()

    async def _write(self, client: Client, wanted: list[Wanted], close: bool) -> None:
        for one in wanted:
            try:
                await client.send(one, self._rng, close)
            except OSError:
                return  # What the proxy said before it closed is what counts.

    async def _client(self) -> Client:
        """The connection used last; the oldest are closed when they have been idle for long."""
        while self._idle and time.monotonic() - self._idle[0].idle_since > IDLE_S:
            self._idle.pop(0).close()
        while self._idle:
            client = self._idle.pop()
            if not client.ended:
                return client
            client.close()
            self.ended.append(time.perf_counter())
        return await Client.connect(self._port)


async def _read(client: Client, wanted: list[Wanted], pause_s: float) -> None:
    for one in wanted:
        await client.receive(one, pause_s)
        one.sent.ended = time.perf_counter()
