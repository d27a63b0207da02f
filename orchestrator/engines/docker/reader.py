"""Carries what blocks from a thread of its own to the event loop."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
BACKLOG: Final = 256
"""Items read ahead; then the source has to wait."""


class Source(Protocol[T_co]):
    """What is read: an iterable that blocks."""

    def __iter__(self) -> Iterator[T_co]: ...

    def interrupt(self) -> None:
        """From any thread: let the iteration end soon, also with an error."""

    def close(self) -> None:
        """From the thread that reads: let go of everything."""


@dataclass(frozen=True, slots=True)
class _End:
    error: Exception | None = None


class Reader(Generic[T]):
    """Opens a source and reads it, once, in a daemon thread."""

    def __init__(self, open_source: Callable[[], Source[T]]) -> None:
        self._open_source = open_source
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[T | _End] = asyncio.Queue()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._room = threading.Semaphore(BACKLOG)
        self._source: Source[T] | None = None
        self._closed = False

    async def open(self) -> None:
        """Return when the source is open. Raises what opening it raises."""
        threading.Thread(target=self._run, name="docker stream", daemon=True).start()
        await self._opened

    async def __aiter__(self) -> AsyncIterator[T]:
        """Raises what reading raises; ends when it ends or is closed."""
        while not isinstance(item := await self._items.get(), _End):
            self._room.release()
            yield item
        if item.error is not None:
            raise item.error

    def close(self) -> None:
        """End the iteration, and the thread as soon as the source lets it."""
        self._closed = True
        self._room.release()
        self._items.put_nowait(_End())
        self._settle(None)
        if self._source is not None:
            self._source.interrupt()

    def _run(self) -> None:
        error: Exception | None = None
        try:
            self._source = self._open_source()
            self._tell(self._settle, None)
            self._read(self._source)
        except Exception as caught:
            error = caught
        self._tell(self._settle, error)
        self._tell(self._items.put_nowait, _End(None if self._closed else error))
        if self._source is not None:
            self._source.close()

    def _read(self, source: Source[T]) -> None:
        for item in source:
            self._room.acquire()
            if self._closed:
                return
            self._tell(self._items.put_nowait, item)

    def _settle(self, error: Exception | None) -> None:
        if self._opened.done():
            return
        if error is None:
            self._opened.set_result(None)
        else:
            self._opened.set_exception(error)

    def _tell(self, then: Callable[..., object], item: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(then, item)
