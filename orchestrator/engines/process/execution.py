"""Running a command beside a replica's app."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from typing import Final

from orchestrator.engines.process import cgroup, command, identity
from orchestrator.engines.process.keeper import Command, joining
from orchestrator.engines.process.ledger import Entry
from orchestrator.model.errors import EngineError, EngineTimeoutError, NotFoundError
from orchestrator.model.launch import ExecResult

MAX_OUTPUT_BYTES: Final = 4 * 2**20
"""Of each stream; what comes after is read and dropped."""
_CHUNK: Final = 64 * 2**10


async def run(entry: Entry, argv: Sequence[str], timeout_s: float) -> ExecResult:
    """In the replica's folder, environment and control group. 127: no such program.

    Raises `EngineTimeoutError` after having killed it, `EngineError`, `NotFoundError`.
    """
    if entry.claim is None:
        raise NotFoundError(f"replica {entry.name} does not run")
    env = identity.environment(entry.claim.keeper.pid) or command.base_environment()
    what = Command(argv, env, entry.record.workdir, cgroup.join_files(entry.record.cgroups))
    try:
        process = await asyncio.create_subprocess_exec(
            *joining(what),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=what.workdir,
            env=dict(env),
            start_new_session=True,
        )
    except OSError as error:
        raise EngineError(f"cannot run {argv[0]!r} in {entry.name}: {error.strerror}") from error
    try:
        async with asyncio.timeout(timeout_s):
            return await _result(process)
    except TimeoutError as error:
        raise EngineTimeoutError(f"{argv[0]!r} in {entry.name} took over {timeout_s} s") from error
    finally:
        await _end(process)


async def _result(process: asyncio.subprocess.Process) -> ExecResult:
    if process.stdout is None or process.stderr is None:
        raise EngineError("no pipes")
    stdout, stderr = await asyncio.gather(_read(process.stdout), _read(process.stderr))
    code = await process.wait()
    return ExecResult(code if code >= 0 else 128 - code, stdout, stderr)


async def _read(stream: asyncio.StreamReader) -> bytes:
    kept = bytearray()
    while chunk := await stream.read(_CHUNK):
        kept += chunk[: MAX_OUTPUT_BYTES - len(kept)]
    return bytes(kept)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of its session and let go of its pipes."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
