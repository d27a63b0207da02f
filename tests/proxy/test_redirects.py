"""Requests that the proxy sends elsewhere."""

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.snapshot import Redirect
from orchestrator.proxy.redirects import Redirects
from orchestrator.proxy.request_head import parse_request
from tests.proxy.conftest import Proxy
from tests.proxy.streams import AUTHORITY, FORWARDED


def location(target: str, *redirects: Redirect) -> str | None:
    data = f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    request = parse_request(data, FORWARDED, AUTHORITY)
    assert request is not None
    found = Redirects(redirects).of(request)
    return found.location if found else None


@pytest.mark.parametrize(
    ("prefix", "to", "target", "expected"),
    [
        ("/old", "https://example.org/new", "/old", "https://example.org/new"),
        ("/old", "https://example.org/new", "/old/a/b?c=d?e", "https://example.org/new/a/b?c=d?e"),
        ("/old", "/new", "/old?x", "/new?x"),
        ("/old/", "/new/", "/old", "/new/"),
        ("/old/", "/new/", "/old/a", "/new/a"),
        ("/old", "/new", "http://a/old/b", "/new/b"),
        ("/", "https://example.org", "/a?b", "https://example.org/a?b"),
        ("/", "https://example.org", "/", "https://example.org/"),
        ("/old", "/new", "/older", None),
        ("/old", "/new", "/%6fld", None),
        ("/old", "/new", "/OLD", None),
        ("/old", "/new", "/a/old", None),
        ("/old", "/", "/old//evil.example", "/evil.example"),
        ("/old", "/", "/old/\\evil.example", "/evil.example"),
    ],
)
def test_where_a_request_is_sent(prefix: str, to: str, target: str, expected: str | None) -> None:
    assert location(target, Redirect(prefix, to)) == expected


def test_the_longest_path_decides() -> None:
    rules = (Redirect("/a", "/short"), Redirect("/a/b", "/long"), Redirect("/", "/any"))
    assert location("/a/b/c", *rules) == "/long/c"
    assert location("/a/c", *rules) == "/short/c"
    assert location("/c", *rules) == "/any/c"


def test_asterisk_is_no_path() -> None:
    request = parse_request(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", FORWARDED, AUTHORITY)
    assert request is not None
    assert Redirects((Redirect("/", "/new"),)).of(request) is None


@given(st.text("/\\.@:a%?&", max_size=12), st.sampled_from(["/", "/new", "https://example.org"]))
def test_no_path_leads_to_a_host_that_nobody_named(rest: str, to: str) -> None:
    """As a browser reads it, for which a backslash is a slash."""
    found = location("/old/" + rest, Redirect("/old", to))
    assert found is not None
    read = urlsplit(urljoin("https://shop.example/", found.replace("\\", "/")))
    assert read.hostname == ("example.org" if to.startswith("https") else "shop.example")


async def test_the_proxy_answers_without_a_replica(proxy: Proxy) -> None:
    rules = (Redirect("/old", "https://example.org/new"), Redirect("/gone", "/here", 302))
    replica = await proxy.replica("web-1")
    await proxy.route(redirects=rules)
    async with await proxy.client() as client:
        answer = await client.get("/old/a?b=c")
        assert (answer.status, answer.header("location")) == (
            308, "https://example.org/new/a?b=c",
        )  # fmt: skip
        assert (answer.body, answer.header("proxy-status")) == (b"redirected\n", None)
        head = await client.get("/gone", method="HEAD")
        assert (head.status, head.header("location")) == (302, "/here")
        assert not replica.received
        assert (await client.get("/")).body == b"web-1"
    stats = (await proxy.supervisor.stats())["services"]["web"]
    assert (stats["responses"]["3xx"], stats["own_responses"]["3xx"]) == (2, 2)


async def test_a_body_on_its_way_ends_with_the_connection(proxy: Proxy) -> None:
    await proxy.publish(redirects=(Redirect("/", "https://example.org"),))
    async with await proxy.client() as client:
        await client.send(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhel")
        answer = await client.response()
        assert (answer.status, answer.header("connection")) == (308, "close")
        assert await client.rest() == b""
