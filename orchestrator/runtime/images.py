"""Images the engine is known to have: each is looked for, built or pulled once, not per replica."""

import asyncio

from orchestrator.engines.base import Engine
from orchestrator.model.errors import ImageError
from orchestrator.model.launch import ImageSpec
from orchestrator.runtime.eventlog import EventLog


class Images:
    """Ensures images, one task each however many replicas wait for it."""

    def __init__(self, engine: Engine, log: EventLog) -> None:
        self._engine = engine
        self._log = log
        self._tasks: dict[str, tuple[ImageSpec, asyncio.Task[None]]] = {}

    async def ensure(self, image: ImageSpec) -> None:
        """Return when the image is there. Raises `ImageError` or another `EngineError`."""
        known = self._tasks.get(image.image)
        if known is None or known[0] != image:
            task = asyncio.create_task(self._ensure(image), name=f"image {image.image}")
            # Retrieved by whoever waits; nobody may, if they were cancelled.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._tasks[image.image] = known = (image, task)
        try:
            await asyncio.shield(known[1])
        except BaseException:
            if known[1].done():
                self.doubt(image)
            raise

    def doubt(self, image: ImageSpec) -> None:
        """Look again before the next start."""
        known = self._tasks.get(image.image)
        if known is not None and known[0] == image and known[1].done():
            del self._tasks[image.image]

    async def close(self) -> None:
        """Abandon builds and pulls under way."""
        tasks = [task for _, task in self._tasks.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _ensure(self, image: ImageSpec) -> None:
        about = f"image/{image.image}"
        try:
            await self._engine.ensure_image(
                image, lambda line: self._log.normal("Image", about, line)
            )
        except ImageError as error:
            self._log.warning(error.reason, about, f"{error} ({error.remedy})")
            raise
