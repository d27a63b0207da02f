"""Takes the pictures of the docs from a run of the real thing: `make screenshots`.

Starts the example services on the process engine, sends them requests, kills a replica, and has
Chromium look at the dashboard.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import httpx
from playwright.async_api import Browser, Page, async_playwright

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
MANIFEST: Final = ROOT / "manifests" / "examples" / "two-services.yaml"
SERVICES: Final = ("http://127.0.0.1:8081/", "http://127.0.0.1:8082/")
TRAFFIC_S: Final = 25.0
PAUSE_S: Final = 0.02


def orch(state_dir: str, *arguments: str) -> str:
    """What a command prints. Raises `CalledProcessError`."""
    environment = {**os.environ, "ORCH_PROJECT": "demo", "ORCH_STATE_DIR": state_dir}
    argv = [sys.executable, "-m", "orchestrator", *arguments]
    done = subprocess.run(
        argv, check=True, capture_output=True, text=True, cwd=ROOT, env=environment
    )
    return done.stdout


async def ask(url: str, until: float) -> None:
    """Requests one after the other."""
    async with httpx.AsyncClient(trust_env=False) as client:
        while asyncio.get_running_loop().time() < until:
            await client.get(url)
            await asyncio.sleep(PAUSE_S)


async def take(browser: Browser, url: str, state_dir: str) -> None:
    """All pictures, while requests flow."""
    until = asyncio.get_running_loop().time() + TRAFFIC_S
    traffic = [asyncio.create_task(ask(service, until)) for service in SERVICES]
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    await page.goto(url)
    await page.get_by_text("pages-3").first.wait_for()
    await asyncio.to_thread(orch, state_dir, "kill", "pages-2")
    await shown(page)
    await page.screenshot(path=DOCS / "dashboard.png")
    await page.get_by_role("button", name="pages-2").click()
    await page.get_by_text("listening on").wait_for()
    await page.screenshot(path=DOCS / "dashboard-replica.png")
    await asyncio.gather(*traffic)


async def shown(page: Page) -> None:
    """Until the charts have something to show and the killed replica is back."""
    await asyncio.sleep(8)
    await page.locator('.replica:not([data-status="Ready"])').wait_for(state="detached")


async def main() -> None:
    """Up, look, down."""
    browser_path = await asyncio.to_thread(
        subprocess.check_output, [str(ROOT / "scripts" / "browser.sh")], text=True
    )
    with tempfile.TemporaryDirectory(prefix="orch-") as state_dir:
        up = ("up", "-f", str(MANIFEST), "--engine", "process", "--detach", "-o", "json")
        told = await asyncio.to_thread(orch, state_dir, *up)
        url = json.loads(told)["controller"]["url"]
        try:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=browser_path.strip(), args=["--no-sandbox"]
                )
                await take(browser, url, state_dir)
                await browser.close()
        finally:
            await asyncio.to_thread(orch, state_dir, "down")


if __name__ == "__main__":
    asyncio.run(main())
