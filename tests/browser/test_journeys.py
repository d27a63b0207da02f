"""What a person does on the page, in a real browser, with real replicas."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from orchestrator.model.spec import Probes
from tests.api.conftest import Api
from tests.support.hoard import come_near
from tests.support.rig import settle

pytestmark = pytest.mark.asyncio(loop_scope="package")

MARKUP = "<img src=x onerror=alert(1)>"
SPEAKS = f"""
import signal
print({MARKUP!r}, flush=True)
signal.sigwait([15])
"""


async def two_workers(api: Api) -> None:
    """A service of two replicas that runs."""
    await api.apply(api.rig.worker(replicas=2))
    await settle(api.served.controller)


async def test_the_cluster_comes_into_the_picture(page: Page, api: Api) -> None:
    await expect(page.get_by_role("status")).to_have_text("live")
    await two_workers(api)
    await expect(page.locator("article.node .replica")).to_have_text(["job-1", "job-2"])
    await expect(page.locator("article.service .status")).to_contain_text("2 of 2 ready")
    await expect(page.locator("#events")).to_contain_text("job-2.1 runs on")


async def test_scaling(page: Page, api: Api) -> None:
    await two_workers(api)
    field = page.get_by_role("spinbutton", name="Replicas of job")
    await expect(field).to_have_value("2")
    await field.fill("4")
    await page.get_by_role("button", name="Scale").click()
    tiles = page.locator("article.node .replica")
    await expect(tiles).to_have_text(["job-1", "job-2", "job-3", "job-4"])
    await page.get_by_role("slider", name="Replicas of job").fill("1")
    await expect(tiles).to_have_text(["job-1"])
    assert (await api.get("/v1/services/job"))["desired"] == 1


async def test_a_kill_and_the_recovery(page: Page, api: Api) -> None:
    await two_workers(api)
    await page.get_by_role("button", name="job-2").click()
    box = page.get_by_role("dialog")
    await expect(box).to_contain_text("1, after 0 restarts")
    await box.get_by_role("button", name="Kill").click()
    await expect(box).to_contain_text("2, after 1 restart")
    await expect(box.locator("ol")).to_contain_text("exited with code 137")
    await page.keyboard.press("Escape")
    await expect(box).to_be_hidden()
    await expect(page.locator('.replica[data-status="Ready"]')).to_have_count(2)


async def test_a_replica_hangs_is_healed_and_another_is_woken(page: Page, api: Api) -> None:
    probe = {"path": "/healthz", "period": "100ms", "timeout": "200ms"}
    await api.apply(
        api.rig.service(
            "dead", probes={"liveness": probe}, replicas=1, stopGracePeriod="300ms", proxy=None
        )
    )
    await api.apply(api.rig.service("numb", probes={"readiness": probe}, replicas=1, proxy=None))
    await settle(api.served.controller)
    box = page.get_by_role("dialog")
    await page.get_by_role("button", name="dead-1: ").click()
    await box.get_by_role("button", name="Hang").click()
    await expect(box).to_contain_text("2, after 1 restart")
    await expect(box).to_contain_text("LivenessFailed (137)")
    await expect(box.locator("ol")).to_contain_text("is sent SIGSTOP by order: it hangs")
    await box.get_by_role("button", name="Close").click()
    await page.get_by_role("button", name="numb-1: ").click()
    await box.get_by_role("button", name="Hang").click()
    await expect(box.locator("dd").first).to_have_text("Running: the readiness probe does not pass")
    await box.get_by_role("button", name="Wake").click()
    await expect(box.locator("dd").first).to_have_text("Ready")
    await expect(box).to_contain_text("1, after 0 restarts")


async def test_one_replica_is_restarted(page: Page, api: Api) -> None:
    await two_workers(api)
    await page.get_by_role("button", name="job-2: ").click()
    box = page.get_by_role("dialog")
    await box.get_by_role("button", name="Restart").click()
    await expect(box).to_contain_text("2, after 0 restarts")
    await expect(box.locator("ol")).to_contain_text("its restart was ordered")
    await box.get_by_role("button", name="Close").click()
    await expect(page.locator("article.node .replica")).to_have_text(["job-1", "job-2"])


async def test_a_rollout_is_paused_and_resumed(page: Page, api: Api) -> None:
    await two_workers(api)
    card = page.locator("article.service")
    await expect(card.locator(".rollout")).to_be_hidden()
    # Its new revision is never ready: the rollout lasts as long as it is looked at.
    unready = {"readiness": {"exec": ["false"], "period": "1s"}}
    await api.apply(
        api.rig.worker(replicas=2, env={"VERSION": "2"}).model_copy(
            update={"probes": Probes.model_validate(unready)}
        )
    )
    await expect(card).to_contain_text("rolling out")
    await card.get_by_role("button", name="Pause the rollout of job").click()
    await expect(card).to_contain_text("paused at")
    await expect(page.locator("#events")).to_contain_text("RolloutPaused")
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert (await api.get("/v1/services/job"))["paused"]
    # And of one more revision, which would be ready, nothing is started.
    await api.apply(
        api.rig.worker(replicas=2, env={"VERSION": "3"}).model_copy(update={"probes": Probes()})
    )
    await expect(card).to_contain_text("0 of 2 updated")
    resume = card.get_by_role("button", name="Resume the rollout of job")
    await resume.click()
    await expect(card.locator(".rollout")).to_be_hidden()
    await settle(api.served.controller)
    marks = await card.locator(".chart").first.locator(".mark title").all_text_contents()
    assert {"RolloutPaused:", "RolloutResumed:"} <= {text.split()[1] for text in marks}


async def test_output_is_followed_and_markup_in_it_is_text(page: Page, api: Api) -> None:
    await api.apply(api.rig.worker(code=SPEAKS, replicas=1))
    await page.get_by_role("button", name="job-1").click()
    log = page.get_by_role("dialog").locator(".log")
    await expect(log).to_contain_text(MARKUP)
    assert await log.locator("img").count() == 0


async def test_a_node_is_cordoned(page: Page, api: Api) -> None:
    await two_workers(api)
    (node,) = await api.get("/v1/nodes")
    await page.get_by_role("button", name=node["name"]).click()
    await page.get_by_role("button", name="Cordon", exact=True).click()
    await page.get_by_role("button", name="Close").click()
    await expect(page.locator("article.node")).to_contain_text("Cordoned")


async def test_a_node_crashes_and_is_up_again(page: Page, api: Api) -> None:
    nodes = [{"name": name, "capacity": {"cpu": "1", "memory": "1Gi"}} for name in ("n1", "n2")]
    assert (await api.post("/v1/apply", {"nodes": nodes})).status_code == 200
    await api.apply(api.rig.worker(replicas=2, placement={"strategy": "spread"}))
    await settle(api.served.controller)
    first, second = page.locator("article.node").first, page.locator("article.node").last
    await expect(second.locator(".replica")).to_have_count(1)
    await page.get_by_role("button", name="n2", exact=True).click()
    box = page.get_by_role("dialog")
    await box.get_by_role("button", name="Crash").click()
    await expect(box.locator("dd").first).to_have_text("NotReady")
    await expect(box.locator("ol")).to_contain_text("the node crashed with 1 replica on it")
    await box.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("button", name="n2 (NotReady)")).to_be_visible()
    await expect(second).to_contain_text("crashed: nothing runs here")
    await expect(first.locator('.replica[data-status="Ready"]')).to_have_count(2)
    await expect(page.locator("#events")).to_contain_text("(NodeLost): node n2 crashed")
    marks = page.locator("article.service .chart").first.locator(".mark.Warning title")
    told = " ".join(await marks.all_text_contents())
    assert "NodeNotReady: the node crashed" in told
    assert "NodeLost" in told
    await expect(page.locator(".ghost")).to_have_count(0)
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    await page.get_by_role("button", name="n2 (NotReady)").click()
    await box.get_by_role("button", name="Recover").click()
    await expect(box.locator("dd").first).to_have_text("Ready")
    await box.get_by_role("button", name="Close").click()
    await expect(page.get_by_role("button", name="n2", exact=True)).to_be_visible()
    await expect(first.locator(".replica")).to_have_count(2)


async def test_events_are_filtered(page: Page, api: Api) -> None:
    await two_workers(api)
    await page.get_by_label("Show only").fill("replica/job-2")
    rows = page.locator("#events li")
    await expect(rows.first).to_contain_text("job-2")
    assert all("job-2" in text for text in await rows.all_inner_texts())


async def test_a_refusal_is_said_with_its_remedy(page: Page, api: Api) -> None:
    await two_workers(api)
    await expect(page.locator("article.service")).to_have_count(1)
    await page.evaluate("document.querySelector('input[type=number]').max = 1e9")
    await page.get_by_role("spinbutton", name="Replicas of job").fill("123456789")
    await page.get_by_role("button", name="Scale").click()
    await expect(page.get_by_role("alert")).to_contain_text("replicas")
    assert (await api.get("/v1/services/job"))["desired"] == 2


async def test_a_controller_that_is_gone_is_shown(browser: Browser, api: Api) -> None:
    page = await browser.new_page()
    await page.goto(api.served.url)
    await expect(page.get_by_role("status")).to_have_text("live")
    await page.context.set_offline(True)
    await expect(page.get_by_role("status")).to_contain_text("does not answer")
    await page.context.set_offline(False)
    await expect(page.get_by_role("status")).to_have_text("live")
    await page.close()


async def test_a_controller_that_never_answered_is_shown(browser: Browser, api: Api) -> None:
    page = await browser.new_page()
    await page.clock.install()
    await page.route("**/v1/info", lambda route: route.fulfill(status=500))
    await page.goto(api.served.url)
    await expect(page.get_by_role("status")).to_have_text("connecting …")
    await page.clock.fast_forward(8000)
    await expect(page.get_by_role("status")).to_contain_text("does not answer")
    await page.unroute("**/v1/info")
    await page.clock.fast_forward(2000)
    await expect(page.get_by_role("status")).to_have_text("live")
    await page.close()


async def show(page: Page, hidden: bool) -> None:
    """As when its tab is left or come back to: without a screen, a browser shows all of them."""
    await page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


async def test_tabs_that_nobody_sees_leave_room_for_the_next(browser: Browser, api: Api) -> None:
    async with await browser.new_context() as context:
        first = await context.new_page()
        await first.goto(api.served.url)
        # A browser has six connections to one address.
        for _ in range(6):
            await expect(context.pages[-1].get_by_role("status")).to_have_text("live")
            await show(context.pages[-1], hidden=True)
            await (await context.new_page()).goto(api.served.url)
        await expect(context.pages[-1].get_by_role("status")).to_have_text("live")
        await two_workers(api)
        await expect(context.pages[-1].locator("#events")).to_contain_text("job-2.1 runs on")
        await expect(first.locator("#events")).not_to_contain_text("job-2.1 runs on")
        await show(first, hidden=False)
        await expect(first.locator("#events")).to_contain_text("job-2.1 runs on")


@pytest.mark.parametrize("part", ["words.js", "main.js", "style.css"])
async def test_a_part_lost_on_the_way_is_asked_for_again(
    browser: Browser, api: Api, part: str
) -> None:
    """As when a container starts: Chromium then drops what it is asking for."""
    page = await browser.new_page()
    await page.route(f"**/assets/{part}", lambda route: route.abort(), times=1)
    await page.goto(api.served.url)
    await expect(page.get_by_role("status")).to_have_text("live")
    await expect(page.locator("body")).to_have_css("margin", "0px")
    await page.close()


async def test_a_page_of_which_next_to_nothing_came_says_so(browser: Browser, api: Api) -> None:
    page = await browser.new_page()
    await page.route("**/assets/*", lambda route: route.abort())
    await page.goto(api.served.url)
    await expect(page.get_by_role("status")).to_contain_text("reload the page")
    await page.close()


async def test_a_page_of_which_a_part_is_missing_says_so(browser: Browser, api: Api) -> None:
    page = await browser.new_page()
    await page.route("**/assets/words.js", lambda route: route.abort())
    await page.goto(api.served.url)
    await expect(page.get_by_role("status")).to_contain_text("reload it")
    await page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 380])
async def test_anybody_can_use_it(page: Page, api: Api, scheme: str, width: int) -> None:
    """As far as axe can tell, in both colour schemes and on a phone."""
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.set_viewport_size({"width": width, "height": 900})
    await two_workers(api)
    await expect(page.locator('.replica[data-status="Ready"]')).to_have_count(2)
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    await page.get_by_role("button", name="job-1").click()
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_death_is_marked_on_the_charts(page: Page, api: Api) -> None:
    await two_workers(api)
    await api.post("/v1/replicas/job-2/kill")
    marks = page.locator("article.service .chart").first.locator(".mark")
    await expect(
        page.locator("article.service .chart").first.locator(".mark.Warning")
    ).to_have_count(1)
    told = await marks.locator("title").all_text_contents()
    assert any("exited with code 137" in text for text in told)
    assert any("Applied" in text for text in told)


async def test_who_is_close_to_a_limit_is_shown(page: Page, api: Api) -> None:
    await come_near(api.rig, api.served.controller)
    near = page.get_by_role("list", name="Limits that hoard is close to")
    await expect(near).to_contain_text("of its memory limit")
    await expect(page.locator("#events")).to_contain_text("NearLimit")
    await expect(page.locator("article.node .near")).to_be_hidden()
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


async def test_a_crowd_is_drawn_small_and_keeps_its_names(page: Page, api: Api) -> None:
    many = api.rig.worker(replicas=31).model_copy(update={"command": ("sleep", "60")})
    await api.apply(many)
    await settle(api.served.controller)
    await expect(page.locator(".crowded .replica")).to_have_text([str(n) for n in range(1, 32)])
    await expect(page.locator(".packing rect")).to_have_count(1)
    found = await Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    await page.get_by_role("button", name="job-31: ").click()
    await expect(page.get_by_role("dialog")).to_contain_text("1, after 0 restarts")
