"""A real browser on the page of a controller that runs real processes."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.api.conftest import Api, answering
from tests.browser.find import chromium
from tests.support.guardian import guardian

PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)
# What the browser itself tells: a refused request, and one dropped as an address of this machine
# came or went (with a container, anybody's). The page has to get over both.
EXPECTED = (
    "Failed to load resource: the server responded with a status of 4",
    "Failed to load resource: net::ERR_NETWORK_CHANGED",
)
REQUIRED = os.environ.get("ORCH_REQUIRE_BROWSER") == "1"


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests."""
    path = chromium()
    if path is None:
        if REQUIRED:
            pytest.fail("ORCH_REQUIRE_BROWSER=1, but there is no Chromium")
        pytest.skip("no Chromium: scripts/browser.sh installs one")
    async with async_playwright() as playwright:
        # Without its sandbox, which root may not have; it sees pages of ours only.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        running = await playwright.chromium.launch(executable_path=path, args=sandbox)
        yield running
        await running.close()


@pytest_asyncio.fixture(loop_scope="package")
async def api() -> AsyncIterator[Api]:
    """A controller for this test alone."""
    with tempfile.TemporaryDirectory(dir=guardian().folder) as folder:
        async with answering(Path(folder)) as one:
            yield one


@pytest_asyncio.fixture(loop_scope="package")
async def page(browser: Browser, api: Api) -> AsyncIterator[Page]:
    """The dashboard, open. Nothing may be said on the console."""
    opened = await browser.new_page(viewport={"width": 1280, "height": 900})
    opened.set_default_timeout(PATIENCE_MS)
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    await opened.goto(api.served.url)
    yield opened
    await opened.close()
    assert [line for line in said if not line.startswith(EXPECTED)] == []
