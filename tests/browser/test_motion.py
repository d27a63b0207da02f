"""What goes on in the cluster is seen going on."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.api.conftest import Api
from tests.support import app
from tests.support.rig import settle
from tests.support.wait import eventually_async

pytestmark = pytest.mark.asyncio(loop_scope="package")

FLYING = """document.getAnimations().filter(
    one => one.effect.target.classList.contains("pulse")).length > 0"""
ARRIVALS = """() => {
    window.seen = [];
    const told = Element.prototype.animate;
    Element.prototype.animate = function (frames, options) {
        window.seen.push(this.className.split(" ").at(-1) + " " + this.textContent);
        return told.call(this, frames, options);
    };
}"""
"""Notes every animation that is begun from now on."""


@contextlib.asynccontextmanager
async def requests(api: Api) -> AsyncIterator[None]:
    """One after the other, for as long as the context lasts."""

    async def ask() -> None:
        async with httpx.AsyncClient(trust_env=False, verify=False, timeout=10) as client:
            while True:
                await client.get(f"http://127.0.0.1:{api.rig.port}/")

    asking = asyncio.create_task(ask())
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def until(page: Page, condition: str) -> None:
    """Wait for it. Playwright's own wait evaluates text in the page, whose policy forbids that."""

    async def holds() -> bool:
        return bool(await page.evaluate(condition))

    await eventually_async(holds, what=condition)


async def two_nodes(api: Api) -> None:
    nodes = [{"name": name, "capacity": {"cpu": "1", "memory": "1Gi"}} for name in ("n1", "n2")]
    answer = await api.post("/v1/apply", {"nodes": nodes})
    assert answer.status_code == 200, answer.text


async def test_requests_fly_to_the_replicas_that_got_them(page: Page, api: Api) -> None:
    await api.apply(api.rig.service(replicas=2))
    await settle(api.served.controller)
    async with requests(api):
        await until(page, FLYING)
        await expect(page.locator("#legend .rate")).to_contain_text("requests/s")
        assert await page.locator(".pulse").count() <= 40


async def test_who_wants_no_motion_gets_none(page: Page, api: Api) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await api.apply(api.rig.service(replicas=2))
    await settle(api.served.controller)
    async with requests(api):
        await expect(page.locator('.replica:not([data-flow="none"])')).to_have_count(2)
        await expect(page.locator("article.service output").first).not_to_have_text("–")
        assert await page.locator(".pulse").count() == 0


async def test_a_replica_that_moves_and_one_that_dies_are_seen(page: Page, api: Api) -> None:
    await two_nodes(api)
    await api.apply(api.rig.worker(replicas=1))
    await settle(api.served.controller)
    await expect(page.locator('.replica[data-status="Ready"]')).to_have_count(1)
    (row,) = await api.get("/v1/replicas")
    await page.evaluate(ARRIVALS)
    await api.post(f"/v1/nodes/{row['node']}/drain")
    await until(page, "seen.includes('born job-1')")
    await expect(page.locator('.replica[data-status="Ready"]')).to_have_count(1)
    await api.post("/v1/replicas/job-1/kill")
    await until(page, "seen.includes('died job-1')")
    await expect(page.locator(".ghost")).to_have_count(0)


async def test_what_a_crashing_node_takes_with_it_is_seen_dying(page: Page, api: Api) -> None:
    await two_nodes(api)
    await api.apply(api.rig.worker(replicas=1))
    await settle(api.served.controller)
    await expect(page.locator('.replica[data-status="Ready"]')).to_have_count(1)
    (row,) = await api.get("/v1/replicas")
    await page.evaluate(ARRIVALS)
    await api.post("/v1/nodes/crash", {"nodes": [row["node"]]})
    await until(page, "seen.includes('died job-1')")


async def test_a_rollout_shows_how_far_it_is(page: Page, api: Api) -> None:
    await api.apply(api.rig.worker(replicas=3))
    await settle(api.served.controller)
    progress = page.get_by_role("progressbar", name="Rollout of job")
    await expect(progress).to_be_hidden()
    never = {"readiness": {"exec": ["false"], "period": "100ms"}}
    stuck = api.rig.service(
        "job",
        command=app.python(app.WAITS),
        replicas=3,
        port=None,
        proxy=None,
        probes=never,
        env={"NEW": "1"},
    )
    await api.apply(stuck)
    await expect(progress).to_be_visible()
    await expect(page.locator(".rollout")).to_contain_text("0 of 3 updated")
    await api.post("/v1/apply", (await api.get("/v1/previous"))["manifests"])
    await expect(progress).to_be_hidden()


async def test_the_charts_of_a_service_share_their_time(page: Page, api: Api) -> None:
    await api.apply(api.rig.service(replicas=1))
    await settle(api.served.controller)
    charts = page.locator("article.service .chart")
    names = ["requests a second", "p50, p99", "errors", "in flight", "CPU", "memory"]
    await expect(charts).to_have_count(len(names))
    for chart, name in zip(await charts.all(), names, strict=True):
        label = f"{name} over the last two minutes, now "
        begins = re.compile(f"^{re.escape(label)}")
        await expect(chart.get_by_role("img")).to_have_attribute("aria-label", begins)
        await expect(chart.locator(".mark")).to_have_count(1)
    async with requests(api):
        await expect(charts.nth(1).locator("output")).to_contain_text("s, ")
        await expect(charts.nth(5).locator("output")).to_contain_text("MiB")
