"""Who may talk to the API (FAULTS, security 3 and 4), tried on every route there is."""

import asyncio
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from orchestrator.api.app import create_app
from orchestrator.api.security import MAX_BODY_BYTES
from tests.api.conftest import Api

pytestmark = pytest.mark.asyncio(loop_scope="module")
FOREIGN_HOSTS = [
    "evil.test", "127.0.0.1.evil", "127.0.0.1.evil:{port}", "evil.test:{port}", "", "127.0.0.1",
    "127.0.0.1:1", "localhost", "localhost:1", "0.0.0.0:{port}", "127.0.0.1:{port}.evil",
    "127.0.0.1:{port}@evil", "user@127.0.0.1:{port}", " 127.0.0.1:{port},evil", "127.1:{port}",
    "[::1]", "127.0.0.1:0{port}",
]  # fmt: skip
FOREIGN_ORIGINS = [
    "null", "http://evil.test", "https://127.0.0.1:{port}", "http://127.0.0.1", "", "file://",
    "http://127.0.0.1:1", "http://127.0.0.1:{port}.evil", "http://127.0.0.1:{port}/",
]  # fmt: skip


def routes(api: Api) -> list[tuple[str, str]]:
    """Method and path of every route, docs and streams included, names filled in."""
    app: FastAPI = create_app(api.served.controller, "", asyncio.Event(), asyncio.Event())
    found = [
        (method, re.sub(r"{\w+}", "web", route.path))  # type: ignore[attr-defined]
        for route in app.routes
        for method in sorted(route.methods)  # type: ignore[attr-defined]
    ]
    assert {"/docs", "/openapi.json", "/v1/events/stream", "/v1/shutdown"} <= {p for _, p in found}
    return found


async def ask(
    api: Api, method: str, path: str, *headers: str, body: bytes = b""
) -> tuple[int, str]:
    """A request exactly as written: status and what came with it."""
    url = urlsplit(api.served.url)
    lines = [f"{method} {path} HTTP/1.1", *headers, "Connection: close", "", ""]
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    try:
        writer.write("\r\n".join(lines).encode() + body)
        async with asyncio.timeout(10):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
            size = int(length[1]) if length and method != "HEAD" else 0
            rest = await reader.readexactly(size)
    finally:
        writer.transport.abort()
    return int(head.split()[1]), head + rest.decode()


def port(api: Api) -> int:
    """Where the API listens."""
    return urlsplit(api.served.url).port or 0


def is_write(method: str) -> bool:
    """Whether the method may change something."""
    return method not in ("GET", "HEAD", "OPTIONS")


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
async def test_a_foreign_host_is_refused_everywhere(shared: Api, host: str) -> None:
    named = host.format(port=port(shared))
    for method, path in routes(shared):
        status, text = await ask(
            shared, method, path, f"Host: {named}", "Content-Type: application/json"
        )
        assert status in (400, 403), (method, path, text)
        assert status == 403 or "," in host, (method, path, text)
    assert not shared.served.shutdown.is_set()


async def test_two_hosts_or_none_are_refused(shared: Api) -> None:
    ours = f"Host: 127.0.0.1:{port(shared)}"
    for method, path in routes(shared):
        assert (await ask(shared, method, path, ours, "Host: evil.test"))[0] in (400, 403)
        assert (await ask(shared, method, path, "Host: evil.test", ours))[0] in (400, 403)
        assert (await ask(shared, method, path, ours, ours))[0] in (400, 403)
        assert (await ask(shared, method, path))[0] in (400, 403)


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}"])
async def test_our_own_names_are_answered(shared: Api, host: str) -> None:
    assert (await ask(shared, "GET", "/healthz", f"Host: {host.format(port=port(shared))}"))[
        0
    ] == 200


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
async def test_a_foreign_origin_may_not_write(shared: Api, origin: str) -> None:
    named = origin.format(port=port(shared))
    host = f"Host: 127.0.0.1:{port(shared)}"
    json = "Content-Type: application/json"
    for method, path in routes(shared):
        if is_write(method):
            status, text = await ask(shared, method, path, host, json, f"Origin: {named}")
            assert status == 403, (method, path, text)
            assert "application/problem+json" in text
    assert not shared.served.shutdown.is_set()


async def test_two_origins_may_not_write(shared: Api) -> None:
    ours = f"127.0.0.1:{port(shared)}"
    origins = (f"Origin: http://{ours}", "Origin: http://evil.test")
    json = "Content-Type: application/json"
    assert (await ask(shared, "POST", "/v1/shutdown", f"Host: {ours}", json, *origins))[0] == 403


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "",
        "application/json5", "text/json", "text/plain, application/json",
    ],
)  # fmt: skip
async def test_a_write_that_is_no_json_is_refused(shared: Api, content_type: str) -> None:
    host = f"Host: 127.0.0.1:{port(shared)}"
    kind = (f"Content-Type: {content_type}",) if content_type else ()
    for method, path in routes(shared):
        if method == "POST":
            status, text = await ask(shared, method, path, host, *kind, "Content-Length: 0")
            assert status == 415, (method, path, text)
    assert not shared.served.shutdown.is_set()


async def test_nothing_invites_other_origins(shared: Api) -> None:
    for path in ("/v1/info", "/healthz", "/nothing"):
        answer = await shared.client.get(path, headers={"Origin": "http://evil.test"})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    answer = await shared.client.options("/v1/apply", headers={"Origin": "http://evil.test"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("length", [MAX_BODY_BYTES + 1, 10**30])
async def test_a_body_that_says_it_is_too_long_is_not_read(shared: Api, length: int) -> None:
    host = f"Host: 127.0.0.1:{port(shared)}"
    headers = (host, "Content-Type: application/json", f"Content-Length: {length}")
    assert (await ask(shared, "POST", "/v1/apply", *headers))[0] in (400, 413)


async def test_a_chunked_body_without_end_is_cut_off(shared: Api) -> None:
    url = urlsplit(shared.served.url)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    head = (
        f"POST /v1/apply HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"%x\r\n%b\r\n" % (2**16, b" " * 2**16)
    sent = 0
    try:
        writer.write(head.encode())
        async with asyncio.timeout(20):
            while sent < 4 * MAX_BODY_BYTES and not reader.at_eof() and not writer.is_closing():
                writer.write(chunk)
                await writer.drain()
                sent += 2**16
                answered: Any = reader._buffer  # type: ignore[attr-defined]
                if answered:
                    break
            await reader.read(64)
    except ConnectionError:
        pass
    finally:
        writer.transport.abort()
    assert sent < 4 * MAX_BODY_BYTES
    assert await shared.get("/healthz") == {"status": "ok"}
