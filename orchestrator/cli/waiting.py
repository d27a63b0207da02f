"""Waiting until services are as they are wanted, with progress on stderr."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from orchestrator.cli.client import ApiError, Client
from orchestrator.cli.exits import WaitTimeoutError
from orchestrator.cli.render.progress import Board, Item
from orchestrator.cli.session import Session
from orchestrator.cli.terminal import Terminal
from orchestrator.model.errors import OrchestratorError
from orchestrator.model.views import EventView, ReplicaView, ServiceView

if TYPE_CHECKING:
    from rich.live import Live

TICK_S: Final = 0.1
RELOOK_S: Final = 0.25
# What may have been the last thing waited for: then a look at everything is worth its price.
SETTLING: Final = frozenset({"Ready", "Started", "Stopped", "Completed", "Deleted"})
LOG_LINES: Final = 5


class Waiter:
    """Looks at the controller until all is settled, and `also` is true. Made before the order is
    given, so that it misses no event, or told after which event that was.

    `to_update`: the order was to update replicas, so that a paused rollout is no good end."""

    def __init__(
        self,
        session: Session,
        client: Client | None = None,
        services: Iterable[str] = (),
        also: Callable[[], bool] = lambda: True,
        after: int | None = None,
        *,
        to_update: bool = False,
    ) -> None:
        self._session = session
        self._to_update = to_update
        self._client = client or session.client
        self._board = Board(services)
        self._also = also
        self._done = False
        self.serial: int = self._newest_event() if after is None else after

    def _newest_event(self) -> int:
        newest = self._client.get("/v1/events", limit=1)
        return newest[-1]["serial"] if newest else 0

    def run(self, timeout_s: float | None, stop: threading.Event | None = None) -> bool:
        """Return True when all is settled, False if `stop` was set first.

        Raises `WaitTimeoutError`, and `OrchestratorError` where an image cannot be had, or a
        rollout is paused that was to be waited for.
        """
        stop = stop or threading.Event()
        begin = looked_at = time.monotonic()
        with _display(self._session.err, self._board) as shown:
            self._look(begin, shown)
            while not self._done:
                now = time.monotonic()
                self._give_up_if_hopeless()
                if timeout_s is not None and now - begin >= timeout_s:
                    break
                if stop.wait(TICK_S):
                    return False
                if self._listen(now, shown) or now - looked_at >= RELOOK_S:
                    looked_at = now
                    self._look(now, shown)
                shown.tick()
            shown.tick()
        if not self._done:
            raise self._timed_out(timeout_s or 0.0)
        if self._to_update and self._board.held:
            raise paused(self._session, self._board.held)
        return True

    def _listen(self, now: float, shown: "_Display") -> bool:
        rows = self._client.get("/v1/events", after=self.serial)
        events = [EventView(**row) for row in rows]
        if events:
            self.serial = events[-1].serial
        shown.changed(self._board.hear(events, now))
        return any(event.reason in SETTLING for event in events)

    def _look(self, now: float, shown: "_Display") -> None:
        services = [ServiceView(**row) for row in self._client.get("/v1/services")]
        replicas = [ReplicaView(**row) for row in self._client.get("/v1/replicas")]
        shown.changed(self._board.see(services, replicas, now))
        self._done = self._board.settled and self._also()

    def _give_up_if_hopeless(self) -> None:
        if row := self._board.trouble:
            raise OrchestratorError(f"{row.name} {row.status}: {row.reason}")

    def _timed_out(self, timeout_s: float) -> WaitTimeoutError:
        waiting = self._board.waiting
        lines = [f"not ready after {timeout_s:g} s: {len(waiting)} replica(s)"]
        for row in waiting:
            lines.append(f"  {row.name} {row.status}" + (f": {row.reason}" if row.reason else ""))
            lines += [f"    | {text}" for text in self._last_output(row.name)]
        return WaitTimeoutError("\n".join(lines), remedy=self._remedy(waiting))

    def _last_output(self, name: str) -> list[str]:
        import json

        from orchestrator.cli.render.logs import tame

        try:
            found = list(self._client.lines(f"/v1/logs/{name}", tail=LOG_LINES))
        except (ApiError, WaitTimeoutError):
            return []
        return [tame(json.loads(line)["text"], colour=False) for line in found if line]

    def _remedy(self, waiting: Sequence[ReplicaView]) -> str:
        if not waiting:
            return f"see: {self._session.command('services', '-o wide')}"
        return f"see: {self._session.command('explain', waiting[0].name)}"


def paused(session: Session, services: Sequence[str]) -> OrchestratorError:
    """The error for who waits for rollouts that do not go on."""
    what = "rollout" if len(services) == 1 else "rollouts"
    return OrchestratorError(
        f"paused {what} of {', '.join(services)}: replicas of older revisions stay as they are",
        remedy=f"go on with: {session.command('rollout resume', *services)}",
    )


class _Display:
    """Plain lines: one for each change."""

    def __init__(self, terminal: Terminal, board: Board) -> None:
        self._terminal = terminal
        self._board = board

    def changed(self, items: Sequence[Item]) -> None:
        """Tell of items whose status changed."""
        now, width = time.monotonic(), self._board.width
        paint = self._terminal.paint
        self._terminal.lines(item.line(now, paint, width, live=False) for item in items)

    def tick(self) -> None:
        """Time has passed."""


class _LiveDisplay(_Display):
    """A region that is redrawn in place."""

    def __init__(self, terminal: Terminal, board: Board, live: "Live") -> None:
        super().__init__(terminal, board)
        self._live = live

    def changed(self, items: Sequence[Item]) -> None:
        """The next tick draws all anew."""

    def tick(self) -> None:
        from rich.text import Text

        height = self._live.console.height - 1
        lines = self._board.lines(time.monotonic(), self._terminal.paint, height)
        text = Text.from_ansi("\n".join(lines), no_wrap=True, overflow="ellipsis")
        self._live.update(text, refresh=True)


@contextmanager
def _display(terminal: Terminal, board: Board) -> Iterator[_Display]:
    if not terminal.live:
        yield _Display(terminal, board)
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(file=terminal.stream, highlight=False)
    with Live(console=console, auto_refresh=False) as live:
        yield _LiveDisplay(terminal, board, live)
