"""How far a rollout is, as Compose shows it: `[+] Running 2/3` and a line for each replica.

`Board` is plain data fed with what the controller answers; it knows no clock and no terminal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from orchestrator.cli.render.words import status_style, took
from orchestrator.cli.terminal import Paint
from orchestrator.model.views import EventView, ReplicaView, ServiceView

FRAMES: Final = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
DONE_MARK, BAD_MARK = "✔", "✘"
SETTLED: Final = ("Ready", "Completed", "Stopped")
CHATTER: Final = "--->"
"""Docker's lines on layers and temporary containers say nothing to anyone."""
UNPROBED_S: Final = 0.3
"""What nobody probes is ready as soon as it runs: it counts once it has lasted so long."""
IMAGE_TROUBLE: Final = ("ImagePullBackOff", "ImageBuildBackOff", "ErrImagePull", "ErrImageBuild")


@dataclass
class Item:
    """One line: a replica, or an image being built or pulled."""

    name: str
    status: str
    since: float
    detail: str = ""
    done_at: float | None = None

    def line(self, now: float, paint: Paint, width: int, *, live: bool = True) -> str:
        """` ✔ web-1  Ready  0.5s`; with a spinner in front, and why it waits, if `live`."""
        seconds = took((now if self.done_at is None else self.done_at) - self.since)
        status = paint(self.status, status_style(self.status) if self.counts else "")
        told = self.detail and self.done_at is None and (live or self.status != "Running")
        detail = f"  {paint(self.detail, 'dim')}" if told else ""
        return f" {self._mark(now, paint, live)} {self.name:<{width}}  {status}  {seconds}{detail}"

    def _mark(self, now: float, paint: Paint, live: bool) -> str:
        if self.done_at is not None:
            return paint(DONE_MARK, "green")
        if status_style(self.status) == "red" and self.counts:
            return paint(BAD_MARK, "red")
        return paint(FRAMES[int(now * 10) % len(FRAMES)], "cyan") if live else "-"

    @property
    def counts(self) -> bool:
        """Whether it is a replica: images are told of, not counted."""
        return not self.name.startswith("image ")


class Board:
    """What is known of the services waited for (all, if `services` is empty)."""

    def __init__(self, services: Iterable[str] = ()) -> None:
        self._only = frozenset(services)
        self._items: dict[str, Item] = {}
        self._images: dict[str, str] = {}
        self.settled = False
        self.waiting: tuple[ReplicaView, ...] = ()
        """Replicas that are not ready, as last seen."""
        self.held: tuple[str, ...] = ()
        """Services with replicas that are not updated, for their rollout is paused."""

    def see(
        self, services: Sequence[ServiceView], replicas: Sequence[ReplicaView], now: float
    ) -> list[Item]:
        """Take in a look at the cluster; the items whose status changed."""
        wanted = {one.name: one for one in services if not self._only or one.name in self._only}
        rows = [row for row in replicas if row.service in wanted or not self._only]
        newest = {row.name: row for row in sorted(rows, key=lambda row: row.attempt)}
        self._images = {one.image or f"{one.name}:latest": one.name for one in wanted.values()}
        mine = [row for row in newest.values() if row.service in wanted]
        self.waiting = tuple(row for row in mine if not _is_done(row, wanted))
        self.held = tuple(name for name, one in wanted.items() if _is_held(one))
        leaving = any(row.status == "Terminating" for row in rows)
        well = all(one.status in SETTLED for one in wanted.values())
        self.settled = well and not leaving and not self.waiting
        changed = [self._row(row, _is_done(row, wanted), now) for _, row in sorted(newest.items())]
        changed += [self._gone(item, now) for item in self._replicas() if item.name not in newest]
        changed += [self._image_done(row, now) for row in newest.values() if row.id]
        return [item for item in changed if item is not None]

    def hear(self, events: Sequence[EventView], now: float) -> list[Item]:
        """Take in events: those of images are lines of their own."""
        changed = []
        for event in events:
            kind, _, name = event.object.partition("/")
            if kind == "image" and not event.message.lstrip().startswith(CHATTER):
                item = self._item(f"image {name}", now)
                item.status = event.message
                changed.append(item)
        return changed[-1:]

    @property
    def trouble(self) -> ReplicaView | None:
        """A replica whose image cannot be had: waiting longer is no use."""
        return next((row for row in self.waiting if row.status in IMAGE_TROUBLE), None)

    def lines(self, now: float, paint: Paint, height: int = 1000) -> list[str]:
        """The whole board, at most `height` lines: those under way first if there are more."""
        counted = self._replicas()
        done = sum(item.done_at is not None for item in counted)
        head = paint(f"[+] Running {done}/{len(counted)}", "green" if self.settled else "")
        items = list(self._items.values())
        if len(items) >= height:
            items = sorted(items, key=lambda item: item.done_at is not None)[: height - 1]
        width = self.width
        return [head, *(item.line(now, paint, width) for item in items)]

    @property
    def width(self) -> int:
        """Of the names."""
        return max((len(item.name) for item in self._items.values()), default=0)

    def _replicas(self) -> list[Item]:
        return [item for item in self._items.values() if item.counts]

    def _item(self, name: str, now: float) -> Item:
        return self._items.setdefault(name, Item(name, "", now))

    def _row(self, row: ReplicaView, done: bool, now: float) -> Item | None:
        item = self._item(row.name, now)
        before, item.status, item.detail = item.status, row.status, row.reason
        if not done:
            if item.done_at is not None:
                item.since, item.done_at = now, None
        elif item.done_at is None:
            item.done_at = now
        return item if item.status != before else None

    def _gone(self, item: Item, now: float) -> Item | None:
        if item.status == "Removed":
            return None
        item.status, item.detail, item.done_at = "Removed", "", now
        return item

    def _image_done(self, row: ReplicaView, now: float) -> Item | None:
        for image, service in self._images.items():
            item = self._items.get(f"image {image}")
            if service == row.service and item is not None and item.done_at is None:
                item.done_at = now
                return item
        return None


def _is_done(row: ReplicaView, services: dict[str, ServiceView]) -> bool:
    service = services.get(row.service)
    if service is None:
        return row.ready
    probes = service.spec.probes
    sure = probes.readiness or probes.startup or row.age_s >= UNPROBED_S
    # Paused, replicas of older revisions are well as they are.
    wanted = service.paused or row.revision == service.revision
    return (row.ready and wanted and bool(sure)) or row.status == "Completed"


def _is_held(service: ServiceView) -> bool:
    return service.paused and service.up_to_date < service.ready
