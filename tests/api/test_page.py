"""The dashboard as it is served."""

import re

import pytest

from orchestrator.api.page import FOLDER
from tests.api.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_page_and_all_that_it_loads(shared: Api) -> None:
    page = await shared.client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text)
    assert loaded
    for path in loaded:
        assert (await shared.client.get(path)).status_code == 200


@pytest.mark.parametrize("path", ["/", "/assets/main.js", "/assets/style.css"])
async def test_nothing_but_its_own_files_may_run(shared: Api, path: str) -> None:
    answer = await shared.client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_nothing_is_inline_and_nothing_comes_from_elsewhere(shared: Api) -> None:
    page = (await shared.client.get("/")).text
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert " style=" not in page
    for file in FOLDER.iterdir():
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
        assert "://" not in text, file
        assert "innerHTML" not in text, file


async def test_it_is_light(shared: Api) -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 150_000


@pytest.mark.parametrize(
    "path", ["/assets/../app.py", "/assets/%2e%2e/app.py", "/assets//etc/passwd"]
)
async def test_only_the_page_is_served(shared: Api, path: str) -> None:
    assert (await shared.client.get(path)).status_code == 404


async def test_a_stranger_gets_no_page(shared: Api) -> None:
    for path in ("/", "/assets/main.js"):
        answer = await shared.client.get(path, headers={"Host": "evil.test"})
        assert answer.status_code == 403
