"""Images: there already, built from a folder, or pulled."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from weakref import WeakValueDictionary

import docker
from docker.errors import ImageNotFound

from orchestrator.engines.base import Progress
from orchestrator.engines.docker.building import build
from orchestrator.engines.docker.lane import Lane
from orchestrator.engines.docker.pulling import pull
from orchestrator.model.launch import ImageSpec
from orchestrator.model.names import LABEL_SOURCE

Work = Callable[[docker.APIClient, ImageSpec], Iterator[str]]
TIMEOUT_S: Final = 1800.0


class Images:
    """One build or pull of an image at a time, however many wait for it."""

    def __init__(self, quick: Lane, slow: Lane) -> None:
        self.writes = 0
        self._quick = quick
        self._slow = slow
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def ensure(self, image: ImageSpec, progress: Progress) -> None:
        """Return when it is there and up to date. Raises `ImageError`."""
        async with self._locks.setdefault(image.image, asyncio.Lock()):
            what = f"look for image {image.image}"
            labels = await self._quick.call(what, lambda client: find_labels(client, image.image))
            if labels is None or (image.context and labels.get(LABEL_SOURCE, "") != image.source):
                self.writes += 1
                await self._get(image, build if image.context else pull, progress)

    async def _get(self, image: ImageSpec, work: Work, progress: Progress) -> None:
        loop = asyncio.get_running_loop()

        def run(client: docker.APIClient) -> None:
            for line in work(client, image):
                loop.call_soon_threadsafe(progress, line)

        await self._slow.call(f"get image {image.image}", run)


def find_labels(client: docker.APIClient, name: str) -> Mapping[str, str] | None:
    """The labels of an image; None if it is not on the engine."""
    try:
        found = client.inspect_image(name)  # type: ignore[no-untyped-call]
    except ImageNotFound:
        return None
    labels: Mapping[str, str] = (found.get("Config") or {}).get("Labels") or {}
    return labels
