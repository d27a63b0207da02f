"""One try of one probe, on real sockets and real processes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from orchestrator.engines.base import Engine
from orchestrator.engines.process import ProcessEngine
from orchestrator.model.errors import ShortageError
from orchestrator.model.spec import Probe
from orchestrator.model.state import Endpoint
from orchestrator.runtime.probing import try_probe
from tests.engines.contract.bench import WAIT, Bench, python
from tests.support.ports import free_port
from tests.support.shortage import no_descriptors

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """One that runs nothing: only `exec` probes ask it."""
    return ProcessEngine("probing", tmp_path, use_cgroups=False)


@contextlib.asynccontextmanager
async def answering(answer: Answer) -> AsyncIterator[Endpoint]:
    """A server that answers each connection like that; all are gone afterwards."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield Endpoint("127.0.0.1", server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def saying(text: bytes) -> Answer:
    """Say that to whoever connects, after the request."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(text)
        await writer.drain()

    return say


HTTP = Probe(path="/healthz", timeout_s="300ms", period_s="1s", failure_threshold=1)
TCP = Probe(tcp=True, timeout_s="300ms", period_s="1s", failure_threshold=1)


@pytest.mark.parametrize("status", [200, 204, 301, 399])
async def test_these_statuses_pass(engine: Engine, status: int) -> None:
    async with answering(saying(b"HTTP/1.1 %d X\r\n\r\n" % status)) as endpoint:
        assert await try_probe(HTTP, endpoint, engine, "") == ""


@pytest.mark.parametrize("status", [100, 199, 400, 404, 500, 503])
async def test_these_statuses_fail(engine: Engine, status: int) -> None:
    async with answering(saying(b"HTTP/1.1 %d X\r\n\r\n" % status)) as endpoint:
        assert await try_probe(HTTP, endpoint, engine, "") == f"/healthz: status {status}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "/healthz: closed without an answer"),
        (b"HTTP/1.1 20", "/healthz: closed without an answer"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "/healthz: no HTTP answer"),
        (b"HTTP/1.1 abc X\r\n\r\n", "/healthz: no HTTP answer"),
        ("HTTP/1.1 ٢٠٠ X\r\n".encode(), "/healthz: no HTTP answer"),
    ],
)
async def test_what_is_no_answer_fails(engine: Engine, text: bytes, why: str) -> None:
    async with answering(saying(text)) as endpoint:
        assert await try_probe(HTTP, endpoint, engine, "") == why


async def test_an_endless_answer_is_not_read(engine: Engine) -> None:
    sent = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while sent < 2**28:
            writer.write(b"x" * 2**16)
            await writer.drain()
            sent += 2**16

    async with answering(pour) as endpoint:
        assert await try_probe(HTTP, endpoint, engine, "") == ""
    assert sent < 2**27


async def byte_by_byte(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """An answer that would take for ever: each byte comes long before any time-out for reading."""
    for byte in b"HTTP/1.1 " + b"2" * 1000:
        writer.write(bytes([byte]))
        await writer.drain()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(reader.read(), 0.05)


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Nothing, ever."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("answer", [byte_by_byte, silent])
async def test_the_deadline_is_for_the_whole_of_it(engine: Engine, answer: Answer) -> None:
    """Fault 40."""
    async with answering(answer) as endpoint:
        began = time.monotonic()
        assert await try_probe(HTTP, endpoint, engine, "") == "no answer within 0.3 s"
        assert 0.25 < time.monotonic() - began < 2


async def test_nobody_there_is_told_as_such(engine: Engine) -> None:
    endpoint = Endpoint("127.0.0.1", free_port())
    for probe in (HTTP, TCP):
        why = await try_probe(probe, endpoint, engine, "")
        assert why.startswith(f"cannot connect to {endpoint}: ")


async def test_without_a_socket_of_ours_there_is_no_verdict(engine: Engine) -> None:
    endpoint = Endpoint("127.0.0.1", free_port())
    for probe in (HTTP, TCP):
        with no_descriptors(), pytest.raises(ShortageError, match="Too many open files"):
            await try_probe(probe, endpoint, engine, "")


async def test_to_connect_is_enough_for_tcp(engine: Engine) -> None:
    async with answering(silent) as endpoint:
        assert await try_probe(TCP, endpoint, engine, "") == ""


async def test_a_probe_may_have_a_port_of_its_own(engine: Engine) -> None:
    async with answering(saying(b"HTTP/1.1 200 X\r\n\r\n")) as endpoint:
        probe = HTTP.model_copy(update={"port": endpoint.port})
        assert await try_probe(probe, Endpoint("127.0.0.1", free_port()), engine, "") == ""


async def test_without_an_address_it_fails(engine: Engine) -> None:
    assert await try_probe(TCP, None, engine, "") == "it has no address"


async def test_the_path_is_asked_for_as_it_is_written(engine: Engine) -> None:
    asked = b""

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        asked = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()

    async with answering(note) as endpoint:
        probe = HTTP.model_copy(update={"path": "/a?b=%20c"})
        assert await try_probe(probe, endpoint, engine, "") == ""
        assert asked.startswith(b"GET /a?b=%20c HTTP/1.1\r\nHost: 127.0.0.1:")


async def test_commands_run_inside_the_replica(state_dir: Path) -> None:
    bench = Bench("process-plain", state_dir)
    try:
        engine = await bench.engine()
        replica = await engine.start(bench.launch(1, python(WAIT)))

        async def why(*argv: str) -> str:
            probe = Probe(exec=argv, timeout_s="500ms")
            return await try_probe(probe, None, engine, replica.engine_id)

        assert await why("true") == ""
        assert await why("sh", "-c", 'test "$ORCH_SLOT" = 1') == ""
        assert await why("sh", "-c", "exit 3") == "sh exited with 3"
        assert "no-such-program" in await why("no-such-program")
        began = time.monotonic()
        assert await why("sleep", "600")
        assert time.monotonic() - began < 3
        await engine.stop(replica.engine_id, 0)
        assert replica.engine_id in await why("true")
    finally:
        await bench.clear()
