"""An engine that is not there, hangs, or talks nonsense (fault 7). No Docker needed: the engine
here is a real socket."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from orchestrator.engines.docker import DockerEngine, probe
from orchestrator.model.errors import (
    EngineError,
    EngineTimeoutError,
    EngineUnavailableError,
)
from orchestrator.model.launch import EngineReplica, ImageSpec, Launch
from orchestrator.model.state import ReplicaId
from tests.support.wait import eventually_async

BOUND_S = 0.3
LAUNCH = Launch(
    id=ReplicaId("app", 1, 1),
    node="node-1",
    zone="a",
    revision="r",
    image="app:1",
    command=None,
    env={},
    port=None,
    hostname="app-1",
)
REPLICA = EngineReplica(LAUNCH.id, "abc", "node-1", "r", running=True)


async def lines_of(engine: DockerEngine) -> list[str]:
    return [line.text async for line in engine.logs(REPLICA)]


CALLS: dict[str, Callable[[DockerEngine], Awaitable[object]]] = {
    "open": lambda engine: engine.open(),
    "list": lambda engine: engine.list(),
    "start": lambda engine: engine.start(LAUNCH),
    "stop": lambda engine: engine.stop("abc", 0),
    "signal": lambda engine: engine.signal("abc", "KILL"),
    "remove": lambda engine: engine.remove("abc"),
    "exec": lambda engine: engine.exec("abc", ["true"], 0.1),
    "stats": lambda engine: engine.stats(["abc"]),
    "image": lambda engine: engine.ensure_image(ImageSpec("app:1"), print),
    "logs": lines_of,
}


@contextlib.asynccontextmanager
async def answering(folder: Path, answer: bytes | None) -> AsyncIterator[str]:
    """An "engine" that takes calls and gives all of them this answer; None: it never answers."""
    open_streams: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_streams.append(writer)
        while await reader.read(2**16):
            if answer is not None:
                writer.write(answer)

    path = folder / "engine.sock"
    server = await asyncio.start_unix_server(serve, path)
    try:
        yield f"unix://{path}"
    finally:
        server.close()
        for writer in open_streams:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@contextlib.asynccontextmanager
async def engine_at(url: str) -> AsyncIterator[DockerEngine]:
    engine = DockerEngine("nowhere", base_url=url, timeout_s=BOUND_S)
    try:
        yield engine
    finally:
        await engine.close()


@pytest.mark.parametrize("call", CALLS)
async def test_a_hanging_engine_times_out_in_time(state_dir: Path, call: str) -> None:
    async with answering(state_dir, None) as url, engine_at(url) as engine:
        before = time.monotonic()
        with pytest.raises(EngineTimeoutError, match="did not") as caught:
            await CALLS[call](engine)
        assert time.monotonic() - before < BOUND_S + 1
        assert caught.value.remedy


@pytest.mark.parametrize("call", CALLS)
async def test_no_engine_is_said_with_what_to_do(state_dir: Path, call: str) -> None:
    async with engine_at(f"unix://{state_dir}/none.sock") as engine:
        with pytest.raises(EngineUnavailableError, match="No such file") as caught:
            await CALLS[call](engine)
        assert "systemctl start docker" in caught.value.remedy


async def test_a_refused_connection_is_no_engine(state_dir: Path) -> None:
    path = state_dir / "engine.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(os.fspath(path))  # Nobody listens.
        async with engine_at(f"unix://{path}") as engine:
            with pytest.raises(EngineUnavailableError, match="refused"):
                await engine.list()


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-nonsense\r\n", b"HTTP/1.1 500 oh\r\n\r\n", b"\0" * 99]
)
async def test_nonsense_is_an_engine_error(state_dir: Path, answer: bytes) -> None:
    async with answering(state_dir, answer) as url, engine_at(url) as engine:
        with pytest.raises(EngineError):
            await engine.list()


async def test_the_loop_goes_on_while_the_engine_hangs(state_dir: Path) -> None:
    async with answering(state_dir, None) as url, engine_at(url) as engine:
        call = asyncio.ensure_future(engine.list())
        beats = 0
        while not call.done():
            before = time.monotonic()
            await asyncio.sleep(0)
            assert time.monotonic() - before < BOUND_S / 2
            beats += 1
        assert beats > 10
        with pytest.raises(EngineTimeoutError):
            await call


async def test_events_wait_for_the_engine_and_end_with_close(state_dir: Path) -> None:
    async with answering(state_dir, None) as url, engine_at(url) as engine:
        heard = []

        async def listen() -> None:
            async for event in engine.events():
                heard.append(event)

        listening = asyncio.create_task(listen())
        with pytest.raises(EngineTimeoutError):
            await engine.list()
        assert not listening.done()
        await engine.close()
        await eventually_async(listening.done, timeout=1)
        assert heard == []


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 500 oh\r\n\r\n"])
async def test_probe_says_unavailable_soon(state_dir: Path, answer: bytes | None) -> None:
    async with answering(state_dir, answer) as url:
        before = time.monotonic()
        with pytest.raises(EngineUnavailableError):
            await probe(url, timeout_s=BOUND_S)
        assert time.monotonic() - before < BOUND_S + 1


async def test_a_hanging_engine_does_not_keep_the_program_from_ending(state_dir: Path) -> None:
    code = """
import asyncio, sys
from orchestrator.engines.docker import DockerEngine
async def main():
    engine = DockerEngine("nowhere", base_url=sys.argv[1], timeout_s=600)
    calls = [asyncio.create_task(engine.list()) for _ in range(3)]
    await asyncio.wait(calls, timeout=0.2)
    for call in calls:
        call.cancel()
    await engine.close()
    print("closed", flush=True)
asyncio.run(main())
"""
    async with answering(state_dir, None) as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, url, stdout=subprocess.PIPE
        )
        output, _ = await asyncio.wait_for(process.communicate(), 20)
    assert (output, process.returncode) == (b"closed\n", 0)


async def test_the_protocol_does_not_load_the_sdk() -> None:
    code = "import sys, orchestrator.engines.base, orchestrator.engines.select; " + (
        "print('docker' in sys.modules)"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert output == b"False\n"
