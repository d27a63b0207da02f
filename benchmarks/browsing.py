"""A browser on the dashboard, and what showing it costs."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PATIENCE_MS: Final = 60_000
LOOK: Final = "/v1/replicas"
"""Asked once for each look at the cluster, and so for each update of the picture."""
GAPS: Final = """() => {
    window.gaps = [];
    let last = performance.now();
    const next = (now) => {
        window.gaps.push(now - last);
        last = now;
        requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
}"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a page holds."""

    heap_bytes: float
    elements: float


class Visit:
    """A page that is open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.updates = 0
        self._cdp = page.context.new_cdp_session(page)
        self._cdp.send("Performance.enable")
        page.on("request", self._asked)

    def _asked(self, request: Any) -> None:
        self.updates += request.url.endswith(LOOK)

    def wait(self, seconds: float) -> None:
        """Let it run."""
        self.page.wait_for_timeout(1000 * seconds)

    def figures(self) -> Figures:
        """After the garbage is gone."""
        self._cdp.send("HeapProfiler.collectGarbage")
        heap = self._cdp.send("Runtime.getHeapUsage")["usedSize"]
        return Figures(heap, self._metric("Nodes"))

    def task_s(self) -> float:
        """The main thread's time since the page was opened."""
        return self._metric("TaskDuration")

    def _metric(self, name: str) -> float:
        metrics = self._cdp.send("Performance.getMetrics")["metrics"]
        return next(float(one["value"]) for one in metrics if one["name"] == name)

    def first_picture_s(self) -> float:
        """From the request for the page to the first content that is painted."""
        entry = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        return float(self.page.evaluate(entry)) / 1000

    def transferred_bytes(self) -> float:
        """The page and what it loads, bodies as they came."""
        sizes = """performance.getEntriesByType('resource')
            .filter(one => one.name.includes('/assets/')).map(one => one.encodedBodySize)
            .concat(performance.getEntriesByType('navigation')[0].encodedBodySize)
            .reduce((sum, one) => sum + one, 0)"""
        return float(self.page.evaluate(sizes))

    def watch_frames(self) -> None:
        """Note from now on how long each picture stays."""
        self.page.evaluate(GAPS)

    def frame_gaps_s(self) -> list[float]:
        """What was noted, ascending."""
        return sorted(gap / 1000 for gap in self.page.evaluate("window.gaps"))


@contextlib.contextmanager
def browsing() -> Iterator[Any]:
    """A function that opens a URL as a `Visit`. Raises `RuntimeError` without a browser."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise RuntimeError("there is no Chromium: make browser")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=sandbox)

        def visit(url: str) -> Visit:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(PATIENCE_MS)
            one = Visit(page)
            page.goto(url)
            return one

        yield visit
        browser.close()
