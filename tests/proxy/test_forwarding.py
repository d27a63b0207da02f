"""Requests and responses on their way through a real worker."""

import asyncio
import sys

import pytest

from tests.proxy.conftest import Proxy, sockets
from tests.proxy.raw_client import RawClient, get
from tests.proxy.replicas import Connection, echo, response
from tests.proxy.tcp_support import reset
from tests.support.wait import eventually_async


async def test_requests_go_round(proxy: Proxy) -> None:
    for name in ("web-1", "web-2", "web-3"):
        await proxy.replica(name)
    await proxy.route()
    async with await proxy.client() as client:
        bodies = [(await client.get()).body for _ in range(6)]
    assert bodies == [b"web-1", b"web-2", b"web-3"] * 2


async def test_connections_are_kept_at_both_ends(proxy: Proxy) -> None:
    replica = await proxy.serve(echo)
    async with await proxy.client() as client:
        for _ in range(10):
            assert (await client.get()).header("connection") is None
    assert (await get(proxy.port)).status == 200
    assert replica.connections == 1


async def test_the_replica_is_named_unless_told_not_to(proxy: Proxy) -> None:
    replica = await proxy.serve(echo)
    assert (await get(proxy.port)).header("x-replica") == "web-1"
    await proxy.route(replica, replica_header=False)
    assert (await get(proxy.port)).header("x-replica") is None


async def test_the_replica_learns_who_asked(proxy: Proxy) -> None:
    await proxy.serve(echo)
    body = (await get(proxy.port, "/", "X-Forwarded-For: 10.9.9.9")).body
    assert body.count(b"X-Forwarded-") == 3
    assert b'\r\nForwarded: for=127.0.0.1;proto=http;host="shop.test"\r\n' in body
    for line in (b"For: 127.0.0.1", b"Proto: http", b"Host: shop.test"):
        assert b"\r\nX-Forwarded-" + line + b"\r\n" in body


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one loopback address")
async def test_clients_of_two_addresses_that_say_the_same_are_two(proxy: Proxy) -> None:
    await proxy.serve(echo)
    for _ in range(2):
        for address in ("127.0.0.1", "127.0.0.2"):
            streams = await asyncio.open_connection(
                "127.0.0.1", proxy.port, local_addr=(address, 0)
            )
            async with RawClient(*streams) as client:
                for _ in range(2):
                    line = f"\r\nX-Forwarded-For: {address}\r\n".encode()
                    assert line in (await client.get()).body


async def test_pipelined_requests_are_answered_in_order(proxy: Proxy) -> None:
    for name in ("web-1", "web-2"):
        await proxy.replica(name, echo)
    await proxy.route()
    async with await proxy.client() as client:
        requests = [
            b"POST /%d HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n%02d" % (n, n)
            if n % 3 == 0
            else b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n
            for n in range(40)
        ]
        await client.send(b"".join(requests))
        bodies = [(await client.response()).body for _ in range(40)]
    assert [body.split()[1] for body in bodies] == [b"/%d" % n for n in range(40)]


@pytest.mark.parametrize("cut", [1, 7, 30])
async def test_a_request_in_pieces_is_one_request(proxy: Proxy, cut: int) -> None:
    replica = await proxy.serve(echo)
    request = (
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    async with await proxy.client() as client:
        for start in range(0, len(request), cut):
            await client.send(request[start : start + cut])
        assert (await client.response()).body.endswith(b"3\r\nabc\r\n0\r\n\r\n")
    assert len(replica.heads) == 1


async def test_chunked_responses_stay_chunked_without_trailers(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        while True:
            await connection.head()
            for piece in (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3",
                b";x=y\r\nab",
                b"c\r\n0\r\nX-Sum: 1\r\n\r",
                b"\n",
            ):
                await connection.send(piece)

    replica = await proxy.serve(behaviour)
    async with await proxy.client() as client:
        for _ in range(2):
            assert (await client.get()).body == b"3\r\nabc\r\n0\r\n\r\n"
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        old = await client.head()
        assert (old.header("transfer-encoding"), old.header("connection")) == (None, "close")
        assert await client.rest() == b"abc"
    assert replica.connections == 1


async def test_a_body_until_close_ends_with_the_connection(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\n\r\nall of it")

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        answer = await client.get()
        assert (answer.header("connection"), answer.body) == ("close", b"all of it")


async def test_a_body_cut_short_is_not_passed_off_as_whole(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.get()


async def test_responses_without_a_body(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        while True:
            head = await connection.head()
            if head.startswith(b"HEAD"):
                await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
            elif b"/304" in head:
                await connection.send(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
            else:
                await connection.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    replica = await proxy.serve(behaviour)
    async with await proxy.client() as client:
        assert (await client.get(method="HEAD")).header("content-length") == "999"
        assert (await client.get("/304")).status == 304
        assert (await client.get("/204")).status == 204
    assert replica.connections == 1


async def test_interim_responses_are_forwarded(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        head = await connection.head()
        await connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")
        await connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await connection.send(response(await connection.body(head)))

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )
        hints = await client.head()
        assert (hints.status, hints.header("link")) == (103, "</a.css>")
        assert (await client.head()).status == 100
        await client.send(b"hello")
        assert (await client.response()).body == b"hello"


async def test_a_client_that_waits_for_100_gets_a_final_answer_at_once(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        assert b"\r\nExpect: 100-continue\r\n" in await connection.head()
        await connection.send(response(b"no", status="403 Forbidden"))
        await connection.reader.read()

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(
            b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )
        answer = await client.response()
        # Whether the body still comes is the client's choice: only a new connection is clear.
        assert (answer.status, answer.header("connection"), answer.body) == (403, "close", b"no")
        assert await client.rest() == b""


async def test_requests_of_one_connection_are_told_apart(proxy: Proxy) -> None:
    replica = await proxy.serve(echo)
    async with await proxy.client() as client:
        for body in (b"first", b"again", b"other body"):
            assert (await client.post(body)).body.endswith(b"\r\n\r\n" + body)
        assert (await client.post(b"", "X-Request-Id: mine")).status == 200
        assert (await client.get()).status == 200
    ids = [head.partition(b"X-Request-Id: ")[2].partition(b"\r\n")[0] for head in replica.heads]
    assert len(set(ids)) == 5
    assert ids[3] == b"mine"


async def test_surplus_bytes_never_reach_the_next_client(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(response(b"mine") + response(b"injected"))
        await connection.head()

    await proxy.serve(behaviour)
    for _ in range(3):
        assert (await get(proxy.port)).body == b"mine"


async def test_surplus_bytes_that_come_later_never_reach_the_next_client(proxy: Proxy) -> None:
    """Fault 32: the connection lies idle by then, and must not be used again."""
    say_more = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(response(b"mine"))
        await say_more.wait()
        await connection.send(response(b"injected"))
        assert await connection.reader.read() == b"", "a request to who spoke unasked"

    replica = await proxy.serve(behaviour)
    for connections in (1, 2, 3):
        say_more.clear()
        async with await proxy.client() as client:
            assert (await client.get()).body == b"mine"
            say_more.set()
            await eventually_async(lambda: not replica.open, 3, "that connection is closed")
        assert replica.connections == connections
    assert len(replica.heads) == 3


async def test_an_early_answer_ends_an_upload(proxy: Proxy) -> None:
    async def behaviour(connection: Connection) -> None:
        await connection.head()
        await connection.send(response(b"no", status="413 Content Too Large"))
        await connection.reader.read()

    await proxy.serve(behaviour)
    async with await proxy.client() as client:
        await client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nsome")
        answer = await client.response()
        assert (answer.status, answer.header("connection")) == (413, "close")
        assert await client.rest() == b""


async def test_http10_clients_may_keep_the_connection(proxy: Proxy) -> None:
    await proxy.serve(echo)
    async with await proxy.client() as client:
        for _ in range(2):
            await client.send(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert (await client.response()).header("connection") == "keep-alive"
        await client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert (await client.response()).header("connection") == "close"
        assert await client.rest() == b""


async def test_a_client_that_leaves_cancels_the_replica(proxy: Proxy) -> None:
    left = asyncio.Event()

    async def behaviour(connection: Connection) -> None:
        await connection.head()
        assert await connection.reader.read() == b""
        left.set()

    replica = await proxy.serve(behaviour)
    client = await proxy.client()
    await client.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    async with asyncio.timeout(5):
        while not replica.heads:
            await asyncio.sleep(0)
        await client.close()
        await left.wait()
    stats = await proxy.supervisor.stats()
    assert stats["endpoints"]["web-1.1"]["in_flight"] == 0


async def test_clients_that_reset_leave_no_descriptor(proxy: Proxy) -> None:
    """Fault 34: whatever the replica is doing for them."""
    asked = asyncio.Semaphore(0)

    async def behaviour(connection: Connection) -> None:
        head = await connection.head()
        if b"/part" in head:
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        asked.release()
        await connection.reader.read()

    replica = await proxy.serve(behaviour)
    before = sockets(proxy)
    for _ in range(3):
        clients = [await proxy.client() for _ in range(30)]
        for number, client in enumerate(clients):
            head = (b"GET /none", b"GET /part", b"POST /body")[number % 3]
            length = b"Content-Length: %d\r\n" % (9 * (number % 3 == 2))
            await client.send(head + b" HTTP/1.1\r\nHost: a\r\n" + length + b"\r\n")
        async with asyncio.timeout(5):
            for _ in clients:
                await asked.acquire()
        for client in clients:
            reset(client.writer)
        await eventually_async(lambda: not replica.open, 3, "the replica is told")
        await eventually_async(lambda: sockets(proxy) == before, 3, "nothing is left")
    stats = await proxy.supervisor.stats()
    assert stats["endpoints"]["web-1.1"]["in_flight"] == 0
    assert stats["services"]["web"]["connections"] == 0


async def test_what_is_counted(proxy: Proxy) -> None:
    await proxy.serve(echo)
    for _ in range(3):
        await get(proxy.port)
    stats = await proxy.supervisor.stats()
    assert stats["services"]["web"]["responses"]["2xx"] == 3
    assert stats["endpoints"]["web-1.1"]["requests"] == 3
