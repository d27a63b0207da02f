"""A steady stream of requests over a few keep-alive connections, and what became of each.

Requests are sent by the clock, not when the one before is answered (an open model), as long as a
connection is free; a late answer counts from when its request was due.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

CONNECTIONS: Final = 8
TIMEOUT_S: Final = 5.0


@dataclass
class Tally:
    """What was counted since it was begun. Latencies in seconds."""

    answered: int = 0
    failed: int = 0
    by_replica: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def sent(self) -> int:
        """All that have ended, well or not."""
        return self.answered + self.failed

    def percentile_ms(self, share: float) -> float:
        """Latency that `share` of the answers stay below, in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def add(self, others: Iterable["Tally"]) -> "Tally":
        """This one with `others` counted in."""
        for other in others:
            self.answered += other.answered
            self.failed += other.failed
            self.by_replica += other.by_replica
            self.latencies += other.latencies
            self.failures += other.failures
        return self


class Traffic:
    """`rate` requests a second to `GET /` on `127.0.0.1:port`, from `start` to `stop`."""

    def __init__(self, port: int, rate: float) -> None:
        self.rate = rate
        self._port = port
        self._tally = Tally()
        self._past: list[Tally] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin. Connections take turns, so that requests are evenly spaced."""
        begin = time.monotonic()
        period = CONNECTIONS / self.rate
        self._tasks = [
            asyncio.create_task(self._send_for_ever(begin + turn / self.rate, period))
            for turn in range(CONNECTIONS)
        ]

    async def stop(self) -> Tally:
        """End; the whole tally."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.turn_page()
        return Tally().add(self._past)

    def turn_page(self) -> Tally:
        """What was counted since the last call."""
        page, self._tally = self._tally, Tally()
        self._past.append(page)
        return page

    async def _send_for_ever(self, due: float, period: float) -> None:
        connection = _Connection(self._port)
        try:
            while True:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await self._send(connection, due)
                due = max(due + period, time.monotonic() - TIMEOUT_S)
        finally:
            connection.close()

    async def _send(self, connection: "_Connection", due: float) -> None:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                status, replica = await connection.get()
        except (OSError, EOFError, ValueError) as error:
            connection.close()
            self._failed(_why(error))
            return
        if status >= 400:
            self._failed(f"HTTP {status}")
            return
        self._tally.answered += 1
        self._tally.by_replica[replica] += 1
        self._tally.latencies.append(time.monotonic() - due)

    def _failed(self, why: str) -> None:
        self._tally.failed += 1
        self._tally.failures.append(why)


class _Connection:
    """One keep-alive HTTP/1.1 connection, opened when it is needed."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self) -> tuple[int, str]:
        """Status, and the replica that the proxy names. Raises `OSError`, `EOFError`."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        reader, writer = self._streams
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in map(_field, head[1:])}
        try:
            await reader.readexactly(int(fields.get("content-length", "0")))
        except ConnectionResetError as error:  # So the proxy ends what it did not get in full.
            raise EOFError from error
        if fields.get("connection", "").lower() == "close":
            self.close()
        return int(head[0].split(" ", 2)[1]), fields.get("x-replica", "?")

    def close(self) -> None:
        """Hang up; the next request opens it again."""
        if self._streams is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._streams[1].close()
            self._streams = None


def _why(error: Exception) -> str:
    match error:
        case TimeoutError():
            return f"no answer within {TIMEOUT_S:g} s"
        case EOFError():
            return "answer cut off: its replica died while it was writing"
        case ConnectionError():
            return "connection refused or reset"
    return f"{type(error).__name__}: {error}"


def _field(line: str) -> tuple[str, str, str]:
    return line.partition(":")
