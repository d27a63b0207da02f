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
from playwright.async_api import Browser, Page, ViewportSize, async_playwright
from terminal_picture import page as terminal_page
from terminal_picture import printed

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
MANIFEST: Final = ROOT / "manifests" / "examples" / "two-services.yaml"
SERVICES: Final = ("http://127.0.0.1:8081/", "http://127.0.0.1:8082/")
COMMANDS: Final = ("ps", "nodes", "top --once", "explain pages-2", "scale pages=4")
WINDOW: Final = ViewportSize(width=1280, height=900)
TRAFFIC_S: Final = 30.0
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
    page = await browser.new_page(viewport=WINDOW)
    await page.goto(url)
    await page.get_by_text("pages-3").first.wait_for()
    await asyncio.to_thread(orch, state_dir, "kill", "pages-2")
    await shown(page)
    await page.screenshot(path=DOCS / "dashboard.png")
    await page.get_by_role("button", name="pages-2").click()
    await page.get_by_text("listening on").wait_for()
    await page.screenshot(path=DOCS / "dashboard-replica.png")
    await page.keyboard.press("Escape")
    await plan(page)
    await take_terminal(browser, state_dir)
    await asyncio.gather(*traffic)


async def plan(page: Page) -> None:
    """What one more replica of each service would do, in the dark."""
    await page.emulate_media(color_scheme="dark")
    await page.get_by_role("button", name="Plan a manifest").click()
    await page.get_by_label("Relative folders").fill(str(MANIFEST.parent))
    more = MANIFEST.read_text().replace("replicas: 3", "replicas: 5")
    await page.get_by_label("A manifest").fill(more)
    await page.get_by_role("button", name="Plan", exact=True).click()
    await page.get_by_role("region", name="The plan").wait_for()
    # The folder is this machine's affair.
    await page.get_by_label("Relative folders").fill("manifests/examples")
    await page.screenshot(path=DOCS / "dashboard-plan.png")


async def take_terminal(browser: Browser, state_dir: str) -> None:
    """Some commands and their answers, as a terminal shows them."""
    environment = {**os.environ, "ORCH_PROJECT": "demo", "ORCH_STATE_DIR": state_dir}
    session = []
    for command in COMMANDS:
        argv = [sys.executable, "-m", "orchestrator", *command.split()]
        told = await asyncio.to_thread(printed, argv, environment, str(ROOT))
        session.append((f"orch {command}", told))
    page = await browser.new_page(device_scale_factor=1.5)
    await page.set_content(terminal_page(session))
    await page.locator("pre").screenshot(path=DOCS / "terminal.png")
    await page.close()


async def shown(page: Page) -> None:
    """Until the charts have something to show and the killed replica is back."""
    await asyncio.sleep(12)
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
