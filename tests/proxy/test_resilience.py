"""Replicas that refuse, die, hang or are not there."""

import asyncio
import contextlib
import resource
from dataclasses import replace
from pathlib import Path

import pytest

from tests.proxy.conftest import Proxy, endpoint
from tests.proxy.raw_client import RawClient, get
from tests.proxy.replicas import (
    Connection,
    Replica,
    answer_with_name,
    deaf_port,
    echo,
    hang_up_after_head,
    response,
)
from tests.support.ports import free_port
from tests.support.wait import eventually_async


def refusing(name: str) -> Replica:
    """A replica that is routed and does not listen."""
    replica = Replica(name)
    replica.port = free_port()
    return replica


async def test_refused_connections_go_to_another_replica(proxy: Proxy) -> None:
    good = await proxy.replica("web-3")
    await proxy.route(refusing("web-1"), refusing("web-2"), good)
    async with await proxy.client() as client:
        for _ in range(6):
            assert (await client.get()).body == b"web-3"
        assert (await client.post(b"order")).body == b"web-3"
    assert proxy.suspects == ["web-1.1", "web-2.1"]


async def test_no_replica_is_a_503_that_says_so(proxy: Proxy) -> None:
    await proxy.publish()
    answer = await get(proxy.port)
    assert (answer.status, answer.header("retry-after")) == (503, "1")
    assert answer.body == b"no ready replica of service web\n"
    assert answer.header("proxy-status") == "orch; error=destination_unavailable"


async def test_all_replicas_refusing_is_a_503(proxy: Proxy) -> None:
    await proxy.route(refusing("web-1"), refusing("web-2"))
    for _ in range(3):
        answer = await get(proxy.port)
        assert (answer.status, answer.header("retry-after")) == (503, "1")
        assert b"accepts connections" in answer.body


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_a_request_that_may_have_taken_effect_is_never_sent_twice(
    proxy: Proxy, method: str
) -> None:
    await proxy.replica("web-1", hang_up_after_head)
    await proxy.replica("web-2", hang_up_after_head)
    await proxy.route()
    async with await proxy.client() as client:
        answer = await client.post(b"order", method=method)
    assert answer.status == 502
    assert b"web-1" in answer.body
    assert [len(replica.heads) for replica in proxy.replicas] == [1, 0]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_repeatable_request_is_sent_once_more(proxy: Proxy, method: str) -> None:
    dying = await proxy.replica("web-1", hang_up_after_head)
    await proxy.replica("web-2")
    await proxy.route()
    async with await proxy.client() as client:
        assert (await client.post(b"state", method=method)).body == b"web-2"
    assert len(dying.heads) == 1
    assert bytes(proxy.replicas[1].received).endswith(b"state")


HEAD_ALONE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


@pytest.mark.parametrize("said", [b"HTTP/1.1 200", HEAD_ALONE])
async def test_a_replica_that_dies_before_the_body_has_not_answered(
    proxy: Proxy, said: bytes
) -> None:
    """Servers write head and body apart: the client has seen nothing of either."""

    async def behaviour(connection: Connection) -> None:
        await connection.body(await connection.head())
        await connection.send(said)

    await proxy.replica("web-1", behaviour)
    await proxy.replica("web-2")
    await proxy.route()
    async with await proxy.client() as client:
        assert (await client.get()).body == b"web-2"
        await proxy.route(proxy.replicas[0])
        assert (await client.post(b"order")).body == b"replica web-1 closed the connection\n"
    assert [len(replica.heads) for replica in proxy.replicas] == [2, 1]


async def test_a_head_goes_on_with_the_first_bytes_of_its_body(proxy: Proxy) -> None:
    more = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(HEAD_ALONE)
        await connection.send(b"he")
        await more.wait()
        await connection.send(b"llo")

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.head()).status == 200
        assert await client.reader.readexactly(2) == b"he"
        more.set()
        assert await client.reader.readexactly(3) == b"llo"


async def test_a_stream_without_a_length_begins_with_its_head(proxy: Proxy) -> None:
    """Its first event may be far off."""
    more = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await more.wait()

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.head()).status == 200
    more.set()


async def test_once_more_is_not_for_ever(proxy: Proxy) -> None:
    for name in ("web-1", "web-2", "web-3"):
        await proxy.replica(name, hang_up_after_head)
    await proxy.route()
    assert (await get(proxy.port)).status == 502
    assert sum(len(replica.heads) for replica in proxy.replicas) == 2


async def test_an_only_replica_that_dies_is_a_502(proxy: Proxy) -> None:
    replica = await proxy.serve(hang_up_after_head)
    answer = await get(proxy.port)
    assert (answer.status, answer.body) == (502, b"replica web-1 closed the connection\n")
    assert len(replica.heads) == 1


async def answer_once(connection: Connection) -> None:
    """Answer one request, take a second, and be gone: a keep-alive connection dying."""
    await connection.body(await connection.head())
    await connection.send(response(b"once"))
    await hang_up_after_head(connection)


async def test_a_kept_connection_that_dies_costs_no_repeatable_request(proxy: Proxy) -> None:
    await proxy.serve(answer_once)
    for _ in range(5):
        assert (await get(proxy.port)).body == b"once"
    assert proxy.suspects == []


async def test_what_a_dying_replica_drops_goes_to_another_one(proxy: Proxy) -> None:
    dying = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        while True:
            await connection.body(await connection.head())
            if dying.is_set():
                connection.reset()
                return
            await connection.send(response(b"web-1"))

    first, second = await proxy.replica("web-1", behaviour), await proxy.replica("web-2")
    # Three in four requests are web-1's turn, two of them in a row: the lost one's next turn too.
    endpoints = (replace(endpoint(first), weight=3), endpoint(second))
    await proxy.publish(first, second, endpoints=endpoints)
    async with await proxy.client() as client:
        names = [(await client.get()).body for _ in range(3)]
        assert names == [b"web-1", b"web-1", b"web-2"]
        dying.set()
        assert [(await client.get()).body for _ in range(4)] == [b"web-2"] * 4


async def test_a_kept_connection_that_dies_fails_a_post(proxy: Proxy) -> None:
    replica = await proxy.serve(answer_once)
    assert (await get(proxy.port)).status == 200
    async with await proxy.client() as client:
        assert (await client.post(b"order")).status == 502
    assert len(replica.heads) == 2


async def test_no_retry_once_part_of_a_response_went_on(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(HEAD_ALONE + b"he")
        connection.writer.close()

    await proxy.serve(behaviour)
    await proxy.replica("web-2")
    await proxy.route()
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        await get(proxy.port)
    assert proxy.replicas[1].heads == []


async def test_a_silent_replica_is_a_504(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.reader.read()

    replica = await proxy.serve(behaviour, response_timeout_s=0.2)
    answer = await get(proxy.port)
    assert answer.status == 504
    assert answer.header("proxy-status") == "orch; error=http_response_timeout"
    await eventually_async(lambda: not replica.open, what="the hanging connection is closed")


async def test_while_one_replica_is_silent_others_answer(proxy: Proxy) -> None:
    """Fault 33: requests that hang hold up no other."""

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.reader.read()

    silent = await proxy.serve(behaviour, response_timeout_s=30.0)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(20):
            client = await stack.enter_async_context(await proxy.client())
            await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually_async(lambda: len(silent.heads) == 20)
        await proxy.publish(await proxy.replica("web-2"), response_timeout_s=30.0)
        answers = [await get(proxy.port) for _ in range(20)]
        assert {answer.body for answer in answers} == {b"web-2"}
        assert silent.open == 20


async def test_a_replica_that_stops_in_its_response_is_cut_off(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        await connection.reader.read()

    await proxy.serve(behaviour, response_timeout_s=0.2)
    async with await proxy.client() as client:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.get()


async def test_a_connect_that_hangs_goes_to_another_replica(proxy: Proxy) -> None:
    deaf = Replica("web-1")
    with deaf_port() as deaf.port:
        await proxy.route(deaf, await proxy.replica("web-2"), connect_timeout_s=0.2)
        assert (await get(proxy.port)).body == b"web-2"
    assert proxy.suspects == ["web-1.1"]


async def test_a_request_that_waits_for_a_connect_leaves_with_its_endpoint(proxy: Proxy) -> None:
    deaf = Replica("web-1")
    with deaf_port() as deaf.port:
        await proxy.route(deaf, connect_timeout_s=60.0)
        async with await proxy.client() as client:
            await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")

            async def is_in_flight() -> bool:
                stats = await proxy.supervisor.stats()
                return bool(stats["endpoints"]["web-1.1"]["in_flight"])

            await eventually_async(is_in_flight)
            await proxy.route(await proxy.replica("web-2"))
            assert (await client.response()).body == b"web-2"
        assert await proxy.supervisor.drain("web-1.1", 5)


async def test_a_malformed_response_is_a_502(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nno\r\n\r\n")
        await connection.reader.read()

    await proxy.serve(behaviour)
    answer = await get(proxy.port)
    assert answer.status == 502
    assert answer.header("proxy-status") == "orch; error=http_protocol_error"


async def test_running_out_of_descriptors_ends_nothing(proxy: Proxy) -> None:
    await proxy.serve(echo)
    pid = proxy.supervisor.pids[0]
    assert (await get(proxy.port)).status == 200
    in_use = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (in_use + 5, in_use + 500))
    crowd = [await proxy.client() for _ in range(30)]
    await eventually_async(
        lambda: len(list(Path(f"/proc/{pid}/fd").iterdir())) >= in_use + 5, what="all in use"
    )
    for client in crowd:
        await client.close()

    async def serves() -> bool:
        # Until the worker has seen the others go, a new connection is ended.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            return (await get(proxy.port)).status == 200
        return False

    await eventually_async(serves)
    assert proxy.supervisor.pids == [pid]


async def test_a_suspect_gets_requests_again(proxy: Proxy) -> None:
    late = refusing("web-1")
    await proxy.route(late, await proxy.replica("web-2"))
    assert (await get(proxy.port)).body == b"web-2"
    late.behaviour = answer_with_name
    await late.start(late.port)
    proxy.replicas.append(late)

    async def answers() -> bool:
        async with await RawClient.connect(proxy.port) as client:
            return (await client.get()).body == b"web-1"

    await eventually_async(answers, what="the suspect serves again")
