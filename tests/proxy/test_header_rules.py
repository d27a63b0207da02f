"""Header lines that are removed and set on the way, in both directions."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.model.snapshot import Balancing, HeaderRules
from orchestrator.proxy.header_rules import HeaderEdit, edit_of
from orchestrator.proxy.request_head import parse_request
from tests.proxy.conftest import Proxy
from tests.proxy.raw_client import Response
from tests.proxy.replicas import Connection, echo, hang_up_after_head, response
from tests.proxy.streams import AUTHORITY, FORWARDED

RULES = HeaderRules((("X-Env", "dev"),), ("Cookie",))
names = st.sampled_from(["X-Env", "x-env", "X-ENV", "Cookie", "cookie", "X-Envy", "X", "Cooki"])
lines = st.lists(st.tuples(names, st.from_regex(r"[ -~]{0,9}", fullmatch=True)), max_size=6)


def values(head: bytes, name: str) -> list[str]:
    """What each line of that name says, in any case."""
    pairs = [line.partition(":") for line in head.decode().split("\r\n")[1:]]
    return [value.strip() for key, _, value in pairs if key.lower() == name.lower()]


@given(lines, st.booleans(), st.integers(1, 3))
def test_a_set_header_is_there_once_and_a_removed_one_never(
    given_lines: list[tuple[str, str]], http10: bool, times: int
) -> None:
    """Also for heads that repeat, where what is kept of the first serves the next."""
    sent = "".join(f"{name}: {value}\r\n" for name, value in given_lines)
    version = "1.0" if http10 else "1.1"
    data = f"GET /a?b HTTP/{version}\r\nHost: a\r\n{sent}\r\n".encode()
    edit, request = HeaderEdit(RULES), None
    for _ in range(times):
        request = parse_request(data, FORWARDED, AUTHORITY, request)
        assert request is not None
        head = edit.request(request)
        assert head.startswith(b"\r\n")
        assert b"\r\n\r\n" not in head + b"\r\n"
        assert values(head, "X-Env") == ["dev"]
        assert values(head, "Cookie") == []
        for other in ("X-Envy", "X", "Cooki", "Host", "Forwarded"):
            assert values(head, other) == values(request.headers.lines, other)


def test_the_same_rules_are_the_same_edit_and_none_cost_nothing() -> None:
    assert edit_of(RULES) is edit_of(HeaderRules((("X-Env", "dev"),), ("Cookie",)))
    assert edit_of(RULES) is not edit_of(HeaderRules((("X-Env", "prod"),), ("Cookie",)))
    assert edit_of(HeaderRules()) is None


async def test_requests_are_edited_and_follow_a_change_at_once(proxy: Proxy) -> None:
    """On one connection, whose headers are the same each time."""
    replica = await proxy.serve(echo, request_headers=RULES)
    asked = ("cookie: a=b", "x-eNV: prod", "X-Env: prod", "Accept: */*")
    async with await proxy.client() as client:
        for value in ("dev", "test", None, "dev"):
            rules = HeaderRules((("X-Env", value),), ("Cookie",)) if value else HeaderRules()
            await proxy.route(request_headers=rules)
            for _ in range(2):
                await client.get("/", *asked)
                assert values(replica.heads[-1], "x-env") == ([value] if value else ["prod"] * 2)
                assert values(replica.heads[-1], "cookie") == ([] if value else ["a=b"])
                assert values(replica.heads[-1], "accept") == ["*/*"]


async def test_a_connection_option_does_not_take_a_set_header_away(proxy: Proxy) -> None:
    replica = await proxy.serve(echo, request_headers=RULES)
    async with await proxy.client() as client:
        await client.get("/", "Connection: X-Env", "X-Env: prod")
    assert values(replica.heads[-1], "x-env") == ["dev"]


async def test_another_try_is_edited_too(proxy: Proxy) -> None:
    replicas = [await proxy.replica(f"web-{n}", hang_up_after_head) for n in (1, 2)]
    await proxy.route(request_headers=RULES)
    async with await proxy.client() as client:
        assert (await client.get("/", "Cookie: a=b")).status == 502
    for replica in replicas:
        assert values(replica.heads[-1], "x-env") == ["dev"]
        assert values(replica.heads[-1], "cookie") == []


async def test_an_upgrade_and_a_body_go_on_with_edited_heads(proxy: Proxy) -> None:
    replica = await proxy.serve(switch, request_headers=RULES, response_headers=RULES)
    async with await proxy.client() as client:
        answer = await client.post(b"hello", "Cookie: a=b")
        assert answer.body.endswith(b"hello")
        assert values(replica.heads[-1], "content-length") == ["5"]
    async with await proxy.client() as client:
        await client.send(
            b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\n"
            b"Connection: upgrade\r\nUpgrade: echo\r\n\r\n"
        )
        answer = await client.head()
        assert answer.status == 101
        assert answer.header("x-env") is None  # An answer before the answer is left as it is.
        await client.send(b"ping")
        assert await client.reader.readexactly(4) == b"ping"
    assert values(replica.heads[-1], "x-env") == ["dev"]
    assert values(replica.heads[-1], "cookie") == []
    assert values(replica.heads[-1], "upgrade") == ["echo"]


async def test_replicas_are_chosen_by_what_the_client_sent(proxy: Proxy) -> None:
    for number in (1, 2, 3):
        await proxy.replica(f"web-{number}")
    sticky = Balancing(sticky_cookie="stay")
    await proxy.route(request_headers=RULES, balancing=sticky)
    async with await proxy.client() as client:
        first = await client.get()
        cookie = (first.header("set-cookie") or "").partition(";")[0]
        for _ in range(5):
            assert (await client.get("/", f"Cookie: {cookie}")).body == first.body
    assert not any(values(head, "cookie") for one in proxy.replicas for head in one.heads)


def of(answer: Response, name: str) -> list[str]:
    return [value for key, value in answer.headers if key == name]


async def test_responses_are_edited_and_follow_a_change_at_once(proxy: Proxy) -> None:
    """The replica says the same each time: what is kept of its head is not used past a change."""
    await proxy.serve(chatty)
    async with await proxy.client() as client:
        for value in ("a", "b", None, "a"):
            rules = HeaderRules((("Server", value),), ("x-debug",)) if value else HeaderRules()
            await proxy.route(response_headers=rules)
            for _ in range(2):
                answer = await client.get()
                assert (answer.status, answer.body) == (200, b"hello")
                assert of(answer, "server") == ([value] if value else ["app", "more"])
                assert of(answer, "x-debug") == ([] if value else ["1"])
                assert of(answer, "x-replica") == ["web-1"]


async def test_the_proxys_own_answers_are_left_as_they_are(proxy: Proxy) -> None:
    await proxy.publish(response_headers=RULES)
    async with await proxy.client() as client:
        answer = await client.get()
    assert (answer.status, of(answer, "x-env")) == (503, [])


async def switch(connection: Connection) -> None:
    """Echo requests, and what follows an upgrade."""
    while b"Upgrade: echo" not in (head := await connection.head()):
        await connection.send(response(head + await connection.body(head)))
    await connection.send(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n"
    )
    while data := await connection.reader.read(1024):
        await connection.send(data)


async def chatty(connection: Connection) -> None:
    """Say more than is wanted."""
    while True:
        await connection.body(await connection.head())
        await connection.send(response(b"hello", "Server: app", "SERVER: more", "X-Debug: 1"))
