"""Heads that repeat are read once, and read the same."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.proxy.memo import response_of
from orchestrator.proxy.response_head import ResponseHead, parse_response
from orchestrator.proxy.syntax import HttpError
from tests.proxy.conftest import Proxy
from tests.proxy.replicas import Connection
from tests.proxy.streams import responses

HEAD_AND_LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


def read(data: bytes, to_head: bool, last: ResponseHead | None) -> ResponseHead | str | None:
    try:
        return response_of(data, to_head, last)
    except HttpError as error:
        return error.reason


def parsed(data: bytes, to_head: bool) -> ResponseHead | str | None:
    try:
        return parse_response(data, to_head)
    except HttpError as error:
        return error.reason


@given(st.lists(st.tuples(responses, st.booleans(), st.integers(1, 3)), max_size=5))
def test_what_came_before_changes_no_response(stream: list[tuple[bytes, bool, int]]) -> None:
    last = None
    for data, to_head, times in stream:
        for _ in range(times):
            head = read(data, to_head, last)
            if isinstance(head, ResponseHead):
                last = head
                head = replace(head, received=b"")
            assert head == parsed(data, to_head)


def test_a_response_that_repeats_is_the_same_one() -> None:
    first = response_of(HEAD_AND_LENGTH, False)
    assert response_of(HEAD_AND_LENGTH + b"hello", False, first) is first
    to_head = response_of(HEAD_AND_LENGTH, True, first)
    assert to_head is not None
    assert (to_head.length, to_head.received) == (0, b"")


async def test_an_answer_to_head_is_none_to_get(proxy: Proxy) -> None:
    """Both have the same head, over one connection to the replica."""

    async def behaviour(connection: Connection) -> None:
        while True:
            asked = await connection.head()
            body = b"" if asked.startswith(b"HEAD") else b"hello"
            await connection.send(HEAD_AND_LENGTH + body)

    replica = await proxy.serve(behaviour)
    async with await proxy.client() as client:
        for method in ("HEAD", "GET", "GET", "HEAD", "HEAD", "GET"):
            answer = await client.get(method=method)
            assert answer.status == 200
            assert answer.header("content-length") == "5"
            assert answer.body == (b"" if method == "HEAD" else b"hello")
    assert replica.connections == 1
