"""Access logs as a worker writes them: one request, one line, whatever is in the request."""

import asyncio
import json
import re
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.proxy import access_log, log_formats, log_words
from orchestrator.proxy.access_log import LogFile
from orchestrator.proxy.client import UNREAD, ClientConnection
from orchestrator.proxy.exchange import Exchange
from orchestrator.proxy.log_formats import FORMATS
from orchestrator.proxy.request_head import forwarded_lines, parse_request
from orchestrator.proxy.request_ids import PREFIX
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import get
from tests.proxy.replicas import Connection, echo, hang_up_after_head
from tests.proxy.test_upgrade import UPGRADE, shout
from tests.support.wait import eventually_async

FIELDS = [
    "time", "client", "method", "target", "protocol", "status", "bytes_in", "bytes_out",
    "duration_ms", "replica", "upstream_connect_ms", "request_id", "user_agent", "referer",
]  # fmt: skip


def log_of(proxy: Proxy) -> Path:
    return proxy.run_dir / "access" / "web.log"


async def lines(proxy: Proxy, count: int = 1) -> list[str]:
    """What the worker logged in its life, which ends here: exactly so many lines."""
    await proxy.supervisor.stop()
    found = log_of(proxy).read_text(encoding="ascii").splitlines()
    assert len(found) == count
    return found


async def entries(proxy: Proxy, count: int = 1) -> list[dict[str, Any]]:
    return [json.loads(line) for line in await lines(proxy, count)]


async def entry_in_time(proxy: Proxy) -> dict[str, Any]:
    """The one line, when the worker wrote it by itself."""
    await eventually_async(lambda: log_of(proxy).exists() and log_of(proxy).read_text())
    (line,) = log_of(proxy).read_text(encoding="ascii").splitlines()
    entry: dict[str, Any] = json.loads(line)
    return entry


async def test_a_request_as_json(proxy: Proxy) -> None:
    await proxy.serve(echo, access_log="json", replica_header=False)
    before = datetime.now(UTC)
    headers = ("User-Agent: t/1 (x)", "referer:  http://a/b ", "X-REQUEST-ID: 17")
    async with await proxy.client() as client:
        answer = await client.get("/a?b=c", *headers)
        await client.get("/again")
    first, second = await entries(proxy, 2)
    assert list(first) == FIELDS
    assert (first["client"], first["method"], first["target"]) == ("127.0.0.1", "GET", "/a?b=c")
    assert (first["protocol"], first["status"], first["replica"]) == ("HTTP/1.1", 200, "web-1")
    assert (first["user_agent"], first["request_id"]) == ("t/1 (x)", "17")
    assert first["referer"].rstrip() == "http://a/b"
    head = "\r\n".join(("GET /a?b=c HTTP/1.1", "Host: shop.test", *headers, "", ""))
    assert first["bytes_in"] == len(head)
    assert first["bytes_out"] == len(answer.body) + len(
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer.body)
    )
    assert 0 < first["upstream_connect_ms"] < first["duration_ms"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first["time"])
    moment = datetime.fromisoformat(first["time"])
    assert before.timestamp() - 0.001 <= moment.timestamp() <= datetime.now(UTC).timestamp()
    # The connection was kept; nothing else was said.
    assert set(FIELDS) - set(second) == {"upstream_connect_ms", "user_agent", "referer"}
    assert re.fullmatch(r"[0-9a-f]{32}", second["request_id"]), "made, as it was not given"


async def test_a_request_as_combined(proxy: Proxy) -> None:
    await proxy.serve(echo, access_log="combined")
    answer = await get(proxy.port, "/a", "User-Agent: t/1", "Referer: http://a/b")
    await get(proxy.port, "/b")
    first, second = await lines(proxy, 2)
    moment = r"\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]"
    size = len(answer.body)
    assert re.fullmatch(
        rf'127\.0\.0\.1 - - {moment} "GET /a HTTP/1\.1" 200 {size} "http://a/b" "t/1"', first
    )
    assert second.endswith('"-" "-"')


async def test_off_is_the_default(proxy: Proxy) -> None:
    await proxy.serve(echo)
    assert (await get(proxy.port)).status == 200
    await proxy.supervisor.stop()
    assert not (proxy.run_dir / "access").exists()


async def test_a_drain_writes_what_is_there(proxy: Proxy) -> None:
    """In the order in which requests ended."""
    await proxy.serve(echo, access_log="json")
    for number in range(300):
        await get(proxy.port, f"/{number}")
    await proxy.supervisor.stop()
    targets = [json.loads(line)["target"] for line in log_of(proxy).read_text().splitlines()]
    assert targets == [f"/{number}" for number in range(300)]
    assert log_of(proxy).stat().st_mode & 0o777 == 0o600


async def test_switching_it_on_and_off(proxy: Proxy) -> None:
    replica = await proxy.serve(echo)
    async with await proxy.client() as client:
        await client.get("/1")
        await proxy.route(replica, access_log="json")
        await client.get("/2")
        await proxy.route(replica, access_log="combined")
        await client.get("/3")
        await proxy.route(replica)
        await client.get("/4")
    await proxy.supervisor.stop()
    found = log_of(proxy).read_text().splitlines()
    assert sorted(line[0] for line in found) == ["1", "{"]
    assert all("/2" in line or "GET /3 " in line for line in found)


async def test_what_the_proxy_answers_itself(proxy: Proxy) -> None:
    await proxy.publish(access_log="json")
    assert (await get(proxy.port, "/none")).status == 503
    async with await proxy.client() as client:
        await client.send(b'GET /"\n HTTP/1.1\r\n\r\n')
        assert (await client.response()).status == 400
    refused, unread = await entries(proxy, 2)
    assert (refused["target"], refused["status"], refused["replica"]) == ("/none", 503, None)
    assert (unread["method"], unread["target"], unread["status"]) == ("-", "-", 400)


async def test_a_retried_request_is_one_line(proxy: Proxy) -> None:
    await proxy.replica("web-1", hang_up_after_head)
    await proxy.replica("web-2")
    await proxy.route(access_log="json")
    assert (await get(proxy.port)).body == b"web-2"
    (entry,) = await entries(proxy)
    assert (entry["retries"], entry["replica"], entry["status"]) == (1, "web-2", 200)


async def test_a_client_that_left_is_a_499(proxy: Proxy) -> None:
    asked = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        asked.set()
        await connection.reader.read()

    await proxy.serve(behaviour, access_log="json")
    async with await proxy.client() as client:
        await client.send(b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 2\r\n\r\nok")
        await asked.wait()
    entry = await entry_in_time(proxy)
    assert (entry["status"], entry["bytes_out"], entry["replica"]) == (499, 0, "web-1")
    assert (entry["method"], entry["protocol"]) == ("POST", "HTTP/1.0")


async def test_a_tunnel_is_logged_at_its_end(proxy: Proxy) -> None:
    await proxy.serve(shout, access_log="json")
    async with await proxy.client() as client:
        await client.send(UPGRADE)
        await client.head()
        await client.send(b"x" * 100)
        async with asyncio.timeout(5):
            await client.reader.readexactly(106)
    entry = await entry_in_time(proxy)
    assert entry["status"] == 101
    assert entry["bytes_in"] == len(UPGRADE) + 100
    assert entry["bytes_out"] > 106


NASTY = (
    'GET /"\\"%0A{"x":1} HTTP/1.1',
    "Host: a",
    'User-Agent: \\", "status": 200, "x": "\t\x80\x9b31m é',
    "Referer: \u2028</script><img onerror=x>",
    "X-Request-Id: '\"; DROP TABLE",
)


@pytest.mark.parametrize("form", ["json", "combined"])
async def test_nothing_breaks_out_of_its_field(proxy: Proxy, form: str) -> None:
    await proxy.serve(echo, access_log=form)
    raw = "\r\n".join(NASTY).encode("utf-8") + b"\xff\r\n\r\n"
    async with await proxy.client() as client:
        await client.send(raw)
        assert (await client.response()).status == 200
    (line,) = await lines(proxy)
    assert line.isprintable()
    if form == "json":
        entry = json.loads(line)
        assert list(entry) == FIELDS
        assert entry["target"] == '/"\\"%0A{"x":1}'
        assert entry["user_agent"] == '\\", "status": 200, "x": "\t\x80\x9b31m é'
        assert re.fullmatch(r"[0-9a-f]{32}", entry["request_id"]), "a malformed one is not kept"
        assert entry["status"] == 200
    else:
        fields = re.findall(r'"([^"]*)"', line)
        assert fields[0] == "GET /\\x22\\x5C\\x22%0A{\\x22x\\x22:1} HTTP/1.1"
        assert len(fields) == 3
        assert "\\x09\\xC2\\x80\\xC2\\x9B31m \\xC3\\xA9" in fields[2]


async def test_the_size_of_a_chunked_answer(proxy: Proxy) -> None:
    """As it was sent, framing included."""

    async def behaviour(connection: Connection) -> None:
        await connection.body(await connection.head())
        await connection.send(b"HTTP/1.1 404 Gone\r\nTransfer-Encoding: chunked\r\n\r\n")
        await connection.send(b"5\r\nhello\r\n0\r\n\r\n")

    await proxy.serve(behaviour, access_log="combined")
    async with await proxy.client() as client:
        answer = await client.post(b"x" * 50_000)
    (line,) = await lines(proxy)
    assert f'" 404 {len(answer.body)} "' in line


def exchange_for(target: str) -> Exchange:
    """One that never was on a socket."""
    client = ClientConnection.__new__(ClientConnection)
    client.peer = "127.0.0.1"
    head = f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    request = parse_request(head, forwarded_lines("127.0.0.1"), b"a")
    assert request is not None
    return Exchange(client, request)


@pytest.mark.parametrize(
    ("form", "moments"),
    [
        ("combined", ["[01/Jan/1970:00:01:40 +0000]"] * 3 + ["[01/Jan/1970:00:01:41 +0000]"]),
        ("json", [f'"1970-01-01T00:{at}Z"' for at in ("01:40.500", "01:40.500", "01:40.999",
                                                    "01:41.000")]),
    ],
)  # fmt: skip
def test_each_line_has_its_own_moment(
    form: str, moments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        log_formats, "time", SimpleNamespace(time=lambda: 100.0, perf_counter=lambda: 60.0)
    )
    written: list[bytes] = []
    log = FORMATS[form](written.append)
    for now in (60.5, 60.5004, 60.9995, 61.0001):
        log.note(exchange_for("/"), None, 0.001, now)
    log.flush()
    (text,) = written
    for line, moment in zip(text.decode().splitlines(), moments, strict=True):
        assert moment in line


@pytest.mark.parametrize("form", ["combined", "json"])
def test_each_line_has_its_own_client(form: str) -> None:
    written: list[bytes] = []
    log = FORMATS[form](written.append)
    clients = ["127.0.0.1", "::1", "::1", "127.0.0.1"]
    for peer in clients:
        exchange = exchange_for("/")
        exchange.client.peer = peer
        log.note(exchange, None, 0.001, 60.5)
    log.flush()
    lines = b"".join(written).decode().splitlines()
    if form == "json":
        assert [json.loads(line)["client"] for line in lines] == clients
    else:
        assert [line.split(" ")[0] for line in lines] == clients


def test_only_what_could_not_be_read_has_no_id() -> None:
    written: list[bytes] = []
    log = FORMATS["json"](written.append)
    read, unread = exchange_for('/,"request_id":""'), exchange_for("/")
    unread.request, unread.span = UNREAD, b""
    for exchange in (read, unread, read):
        log.note(exchange, None, 0.001, time.perf_counter())
    log.flush()
    first, second, third = [json.loads(line) for line in b"".join(written).splitlines()]
    assert first == third
    assert first["target"] == '/,"request_id":""'
    assert first["request_id"] == (PREFIX + read.span).decode()
    assert set(first) - set(second) == {"request_id"}


async def test_a_full_file_makes_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "MAX_BYTES", 1000)
    path = tmp_path / "access" / "web.log"
    # Two workers write the same file.
    files = [LogFile(path) for _ in range(2)]
    logs = [FORMATS["json"](file.append) for file in files]
    for number in range(40):
        logs[number % 2].note(exchange_for(f"/{number}"), None, 0.001, time.perf_counter())
        logs[number % 2].flush()
        files[number % 2].close()
    older = path.with_name("web.log.1")
    assert {one.name for one in path.parent.iterdir()} <= {"web.log", "web.log.1"}
    assert 1000 <= older.stat().st_size < 2000
    for line in older.read_text().splitlines():
        json.loads(line)


async def test_a_disk_that_takes_nothing_stops_no_traffic(proxy: Proxy) -> None:
    (proxy.run_dir / "access").write_text("a file where the folder should be")
    await proxy.serve(echo, access_log="json")
    for _ in range(300):
        assert (await get(proxy.port)).status == 200


@pytest.mark.parametrize("form", ["combined", "json"])
async def test_long_targets_are_logged_whole_and_not_remembered(tmp_path: Path, form: str) -> None:
    path = tmp_path / "access" / "web.log"
    log = FORMATS[form](LogFile(path).append)
    for number in range(3):
        log.note(exchange_for(f"/{number}{'a' * 5000}"), None, 0.001, time.perf_counter())
    log.flush()
    found = path.read_text().splitlines()
    assert [f"/{number}{'a' * 5000}" in line for number, line in enumerate(found)] == [True] * 3
    memo = log_words.ASKED_COMBINED if form == "combined" else log_words.ASKED_JSON
    assert not any(b"aaaa" in line for line in memo.kept)


def test_a_memo_has_a_bound() -> None:
    memo = log_words.Memo(lambda line: line.decode().upper())
    for number in range(10_000):
        assert memo.of(b"n%d" % number) == b"N%d" % number
    assert 0 < len(memo.kept) <= 256


async def test_a_folder_that_was_removed_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "access" / "web.log"
    file = LogFile(path)
    log = FORMATS["combined"](file.append)
    for number in range(2):
        log.note(exchange_for(f"/{number}"), None, 0.001, time.perf_counter())
        log.flush()
        file.close()
        assert f"/{number} " in path.read_text()
        shutil.rmtree(path.parent)
