"""What a manifest would do is seen before it is done, and taken back after."""

from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.api.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="package")

JOB = """\
kind: Service
name: job
image: local/test:1
pull: never
command: [sleep, "60"]
replicas: 2
"""


async def planned(page: Page, text: str) -> None:
    """Open the dialog and plan what is written into it."""
    await page.get_by_role("button", name="Plan a manifest").click()
    await page.get_by_label("A manifest").fill(text)
    await page.get_by_role("button", name="Plan", exact=True).click()


async def test_a_pasted_manifest_is_planned_and_applied(page: Page, api: Api) -> None:
    await planned(page, JOB)
    plan = page.get_by_role("region", name="The plan")
    await expect(plan).to_contain_text("+ service job")
    await expect(plan).to_contain_text("Plan: 3 to add, 0 to change, 0 to destroy.")
    await expect(plan.locator(".added")).to_have_count(3)
    assert await api.get("/v1/services") == [], "a plan changes nothing"
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.locator("article.node .replica")).to_have_text(["job-1", "job-2"])


async def test_what_is_wrong_is_found_in_the_text(page: Page, api: Api) -> None:
    await planned(page, JOB.replace("replicas: 2", "replica: 2"))
    faults = page.locator(".faults li")
    await expect(faults).to_contain_text("unknown field 'replica' – did you mean")
    await expect(page.get_by_role("button", name="Apply", exact=True)).to_be_disabled()
    await faults.get_by_role("button", name="line 6:1").click()
    marked = "getSelection().toString()"
    assert await page.evaluate(marked) == "replica: 2"
    await page.get_by_label("A manifest").fill(JOB)
    await expect(faults).to_have_count(0)
    assert await api.get("/v1/services") == []


async def test_files_are_dropped_anywhere(page: Page, api: Api) -> None:
    data = await page.evaluate_handle(
        """text => {
            const data = new DataTransfer();
            data.items.add(new File([text], "job.yaml"));
            return data;
        }""",
        JOB,
    )
    await page.dispatch_event("main", "drop", {"dataTransfer": data})
    await expect(page.get_by_role("region", name="The plan")).to_contain_text("3 to add")


async def test_files_are_chosen(page: Page, api: Api, tmp_path: Path) -> None:
    for name in ("job", "other"):
        (tmp_path / f"{name}.yaml").write_text(JOB.replace("name: job", f"name: {name}"))
    await page.get_by_role("button", name="Plan a manifest").click()
    files = [tmp_path / "job.yaml", tmp_path / "other.yaml"]
    await page.get_by_label("Choose manifest files").set_input_files(files)
    await expect(page.get_by_role("region", name="The plan")).to_contain_text("6 to add")


async def test_a_plan_of_yesterday_is_refused(page: Page, api: Api) -> None:
    await planned(page, JOB)
    await expect(page.get_by_role("button", name="Apply", exact=True)).to_be_enabled()
    await api.apply(api.rig.worker("other", replicas=1))
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.get_by_role("dialog")).to_contain_text("the plan is stale")


async def test_the_last_apply_is_undone(page: Page, api: Api) -> None:
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("alert")).to_contain_text("nothing before")
    await api.apply(api.rig.worker(replicas=1))
    await api.apply(api.rig.worker(replicas=2), api.rig.worker("more", replicas=1))
    await page.get_by_role("button", name="Undo").click()
    await expect(page.get_by_role("region", name="The plan")).to_contain_text("service more: del")
    await page.get_by_role("button", name="Apply", exact=True).click()
    await expect(page.locator("article.node .replica")).to_have_text(["job-1"])


async def test_markup_in_a_manifest_is_text(page: Page, api: Api) -> None:
    await planned(page, "<img src=x onerror=alert(1)>: 1")
    await expect(page.locator("#outcome")).to_contain_text("to mend")
    assert await page.locator("#outcome img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 380])
async def test_anybody_can_plan(page: Page, api: Api, scheme: str, width: int) -> None:
    """With the keyboard alone, in both colour schemes, on a phone, and as far as axe can tell."""
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.set_viewport_size({"width": width, "height": 900})
    await page.get_by_role("button", name="Plan a manifest").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("A manifest")).to_be_focused()
    for text, seen in ((JOB + "huh: 1\n", ".faults"), (JOB, ".plan")):
        await page.get_by_label("A manifest").fill(text)
        await page.get_by_role("button", name="Plan", exact=True).press("Enter")
        await expect(page.locator(seen)).to_be_visible()
        found = await Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Plan a manifest")).to_be_focused()
