"""Running a command in a container, with a deadline. All of it blocks."""

import contextlib
import os
import select
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import docker
from docker.errors import APIError

from orchestrator.engines.docker.output import Frames
from orchestrator.model.errors import EngineError, EngineTimeoutError, NotFoundError
from orchestrator.model.launch import ExecResult

MAX_OUTPUT_BYTES: Final = 4 * 2**20
"""Of each stream; what comes after is read and dropped."""
NOT_RUNNING: Final = 409
_CANNOT_RUN: Final = (126, 127)
_CHUNK: Final = 64 * 2**10


def run(
    client: docker.APIClient, engine_id: str, argv: Sequence[str], timeout_s: float
) -> ExecResult:
    """126, 127: no such program. Raises `EngineTimeoutError` after having killed it, and
    `NotFoundError` where nothing runs."""
    deadline = time.monotonic() + timeout_s
    exec_id = _create(client, engine_id, argv)
    try:
        connection = client.exec_start(exec_id, socket=True)
    except APIError as error:
        code = client.exec_inspect(exec_id)["ExitCode"]
        if code not in _CANNOT_RUN:
            raise
        return ExecResult(code, b"", str(error.explanation).encode())
    try:
        output = _read(connection, deadline)
    finally:
        _close(connection)
    if output is None:
        _kill(client, engine_id, exec_id)
        raise EngineTimeoutError(f"{argv[0]!r} in {engine_id[:12]} took over {timeout_s} s")
    code = client.exec_inspect(exec_id)["ExitCode"]
    if code is None:
        raise EngineError(f"the engine lost the exit code of {argv[0]!r} in {engine_id[:12]}")
    return ExecResult(code, bytes(output["stdout"]), bytes(output["stderr"]))


def _create(client: docker.APIClient, engine_id: str, argv: Sequence[str]) -> str:
    try:
        return str(client.exec_create(engine_id, list(argv))["Id"])
    except APIError as error:
        if error.status_code != NOT_RUNNING:
            raise
        raise NotFoundError(f"container {engine_id[:12]} does not run") from error


def _read(connection: Any, deadline: float) -> dict[str, bytearray] | None:
    """What it wrote until it ended; None at the deadline."""
    frames = Frames()
    kept = {"stdout": bytearray(), "stderr": bytearray()}
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    while (left_s := deadline - time.monotonic()) > 0:
        if not poll.poll(left_s * 1000):
            continue
        chunk = connection.read(_CHUNK)
        if not chunk:
            return kept
        for stream, payload in frames.feed(chunk):
            kept[stream] += payload[: MAX_OUTPUT_BYTES - len(kept[stream])]
    return None


def _close(connection: Any) -> None:
    """docker-py gives a file over the socket, or a TLS socket: closing the file is not enough. The
    answer that it belongs to goes first: from Python 3.13 on one whose file is closed complains."""
    socket = getattr(connection, "_sock", connection)
    if (response := getattr(connection, "_response", None)) is not None:
        response.close()
    connection.close()
    socket.close()


def _kill(client: docker.APIClient, engine_id: str, exec_id: str) -> None:
    """The engine has no call for it. It tells the pid as this machine sees it: if the process is
    really here and in that container, it and its session are killed directly, or, without the
    right to, by a shell inside. Elsewhere it goes on until the container ends."""
    pid = client.exec_inspect(exec_id).get("Pid") or 0
    inside = _pid_inside(pid, engine_id)
    if not inside:
        return
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    except PermissionError:
        killer = ["/bin/sh", "-c", f"kill -9 -{inside}"]
        client.exec_start(_create(client, engine_id, killer), detach=True)


def _pid_inside(pid: int, engine_id: str) -> int:
    """A process' pid in its container; 0 unless it is a process of this machine there."""
    process = Path(f"/proc/{pid}")
    with contextlib.suppress(OSError):
        if engine_id in (process / "cgroup").read_text():
            for line in (process / "status").read_text().splitlines():
                if line.startswith("NSpid:"):
                    return int(line.split()[-1])
    return 0
