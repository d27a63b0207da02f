"""The corpus, over real sockets: what is refused reaches no replica, what is accepted is one thing.

One proxy for all cases: each case opens a connection of its own.
"""

import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from orchestrator.model.snapshot import Outliers
from tests.proxy.conftest import Proxy
from tests.proxy.corpus import chunks, connections, framing, header_lines, request_lines, responses
from tests.proxy.corpus.cases import Accepted, Faulty, Refused, hosted
from tests.proxy.h11_replica import Readings
from tests.proxy.raw_client import RawClient
from tests.proxy.replicas import Connection, Replica
from tests.support.guardian import guardian
from tests.support.wait import eventually_async

pytestmark = pytest.mark.asyncio(loop_scope="module")

_MODULES = (framing, request_lines, header_lines, connections, chunks)
REFUSED = [case for module in _MODULES for case in module.REFUSED]
ACCEPTED = [case for module in _MODULES for case in module.ACCEPTED]


def names(case: Refused | Accepted | Faulty) -> str:
    """What a test is called."""
    return case.name


@dataclass
class Faults:
    """A replica that answers the request for /N with the Nth faulty response."""

    ended: set[int]
    """Cases whose connection the proxy closed without another request on it."""

    async def __call__(self, connection: Connection) -> None:
        """Serve one connection."""
        head = await connection.head()
        case = responses.FAULTY[number := int(head.split()[1][1:])]
        with contextlib.suppress(ConnectionResetError):  # It may close before it has read all.
            await connection.send(case.data)
            if not case.ends and await connection.reader.read():
                return
        self.ended.add(number)


@dataclass
class World:
    """A proxy in front of one replica."""

    proxy: Proxy
    replica: Replica
    readings: Readings
    faults: Faults


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world() -> AsyncIterator[World]:
    """The proxy for all cases, in front of the replica that reads with h11."""
    readings, faults = Readings(), Faults(set())
    with tempfile.TemporaryDirectory(dir=guardian().folder) as folder:
        proxy = Proxy(Path(folder) / "run")
        await proxy.supervisor.start()
        try:
            yield World(proxy, await proxy.serve(readings), readings, faults)
        finally:
            await proxy.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def faulty_world() -> AsyncIterator[World]:
    """The same, in front of the replica that breaks the protocol; it is never ejected for that."""
    readings, faults = Readings(), Faults(set())
    with tempfile.TemporaryDirectory(dir=guardian().folder) as folder:
        proxy = Proxy(Path(folder) / "run")
        await proxy.supervisor.start()
        try:
            never = Outliers(consecutive_failures=0)
            replica = await proxy.serve(faults, outliers=never)
            yield World(proxy, replica, readings, faults)
        finally:
            await proxy.stop()


async def test_the_corpus_is_large_and_has_no_case_twice() -> None:
    cases = [case.name for case in (*REFUSED, *ACCEPTED)]
    assert len(cases) >= 200
    assert len(responses.FAULTY) >= 80
    assert len(set(cases)) == len(cases)
    assert len({case.name for case in responses.FAULTY}) == len(responses.FAULTY)


@pytest.mark.parametrize("case", REFUSED, ids=names)
async def test_what_is_refused_reaches_no_replica(world: World, case: Refused) -> None:
    before = len(world.replica.received)
    async with await world.proxy.client() as client:
        await client.send(case.data + hosted(line=b"GET /smuggled HTTP/1.1"))
        answer = await client.response()
        assert answer.status == case.status
        assert answer.header("connection") == "close"
        assert "http_request_error" in (answer.header("proxy-status") or "")
        assert await client.rest() == b""
    assert len(world.replica.received) == before


@pytest.mark.parametrize("case", REFUSED, ids=names)
async def test_what_is_refused_behind_a_good_request_goes_no_further(
    world: World, case: Refused
) -> None:
    before, seen = len(world.replica.received), len(world.readings.requests)
    async with await world.proxy.client() as client:
        await client.send(hosted() + case.data + hosted(line=b"GET /smuggled HTTP/1.1"))
        assert (await client.response()).status == 200
        answer = await client.response()
        assert (answer.status, answer.header("connection")) == (case.status, "close")
        assert await client.rest() == b""
    assert world.readings.requests[seen:] == [(b"GET /", b"")]
    received = world.replica.received[before:]
    assert received.index(b"\r\n\r\n") + 4 == len(received)


@pytest.mark.parametrize("case", ACCEPTED, ids=names)
async def test_what_is_accepted_has_one_reading(world: World, case: Accepted) -> None:
    before, seen = len(world.replica.received), len(world.readings.requests)
    async with await world.proxy.client() as client:
        await client.send(case.data)
        for _ in case.upstream:
            assert (await client.response()).status == 200
    assert tuple(world.readings.requests[seen:]) == case.upstream
    received = bytes(world.replica.received[before:])
    assert [line for line in case.present if line not in received] == []
    assert [line for line in case.absent if line in received] == []


@pytest.mark.parametrize("number", range(len(responses.FAULTY)), ids=lambda n: names(responses.FAULTY[n]))  # fmt: skip  # noqa: E501
async def test_a_faulty_response_ends_its_connection(faulty_world: World, number: int) -> None:
    world, case = faulty_world, responses.FAULTY[number]
    async with await world.proxy.client() as client:
        await client.send(hosted(line=f"{case.method} /{number} HTTP/1.1".encode()))
        await _check_answer(client, case)
    await eventually_async(lambda: number in world.faults.ended)
    assert world.replica.heads[-1].split()[1] == f"/{number}".encode()


async def _check_answer(client: RawClient, case: Faulty) -> None:
    if case.status is None:
        received = await client.rest()
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 502 ") or body in case.data
        assert not received.endswith(b"0\r\n\r\n")
        return
    answer = await client.response(to_head=case.method == "HEAD")
    assert (answer.status, answer.body if answer.status != 502 else b"") == (case.status, case.body)
    if answer.status == 502:
        assert "http_protocol_error" in (answer.header("proxy-status") or "") or case.ends
