"""One try of one probe: HTTP, TCP or a command, each within a deadline for the whole of it."""

import asyncio
from typing import Final

from orchestrator.engines.base import AnswersProbes, Engine
from orchestrator.model.errors import (
    EngineError,
    EngineTimeoutError,
    NotFoundError,
    ShortageError,
)
from orchestrator.model.shortage import is_own_shortage
from orchestrator.model.spec import Probe
from orchestrator.model.state import Endpoint

# "HTTP/1.1 200": the rest of an answer is nobody's business.
_STATUS_BYTES: Final = 12


async def try_probe(probe: Probe, endpoint: Endpoint | None, engine: Engine, engine_id: str) -> str:
    """ "" if it passes, else why not; takes no longer than the probe's time-out.

    Raises `ShortageError`, and nothing else, if the replica could not even be asked.
    """
    timeout_s = probe.timeout_s or 1.0
    try:
        async with asyncio.timeout(timeout_s):
            if isinstance(engine, AnswersProbes):
                return await engine.probe(engine_id, probe)
            if probe.exec is not None:
                return await _exec(probe.exec, engine, engine_id, timeout_s)
            if endpoint is None:
                return "it has no address"
            target = endpoint if probe.port is None else Endpoint(endpoint.host, probe.port)
            return await _connect(target, probe.path)
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"


async def _connect(target: Endpoint, path: str | None) -> str:
    try:
        reader, writer = await asyncio.open_connection(target.host, target.port)
    except OSError as error:
        why = f"cannot connect to {target}: {error.strerror or error}"
        if is_own_shortage(error):
            raise ShortageError(why) from error
        return why
    try:
        if path is None:
            return ""
        request = f"GET {path} HTTP/1.1\r\nHost: {target}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode("ascii"))
        return _judged(await reader.readexactly(_STATUS_BYTES), path)
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    except EOFError:
        return f"{path}: closed without an answer"
    finally:
        writer.transport.abort()


def _judged(answer: bytes, path: str) -> str:
    # Kubernetes: any status from 200 to 399 passes.
    if not answer.startswith(b"HTTP/1.") or not answer[9:12].isdigit():
        return f"{path}: no HTTP answer"
    status = int(answer[9:12])
    return "" if 200 <= status < 400 else f"{path}: status {status}"


async def _exec(argv: tuple[str, ...], engine: Engine, engine_id: str, timeout_s: float) -> str:
    try:
        result = await engine.exec(engine_id, argv, timeout_s)
    except (EngineTimeoutError, NotFoundError, EngineError) as error:
        return str(error)
    return "" if result.exit_code == 0 else f"{argv[0]} exited with {result.exit_code}"
