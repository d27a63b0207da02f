"""Load on a proxy: wrk, WebSockets, and connections that do nothing."""

import json
import re
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.proxy_cases import Case
from benchmarks.sample import ROOT

_TIMEOUT_S: Final = 10.0
_REQUEST: Final = b"GET /0 HTTP/1.1\r\nHost: bench\r\n\r\n"
_TOTAL: Final = re.compile(r"(\d+) requests in ([\d.]+)(m|s)")
_PERCENTILE: Final = r"\b{percent}%\s+([\d.]+)(us|ms|s|m)"
_TROUBLE: Final = re.compile(r".*(?:Non-2xx|Socket errors|unable to connect).*")
_UNIT_MS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
_VARIED: Final = """local asked = 0
request = function()
  asked = asked + 1
  return wrk.format(nil, "{path}?n=" .. asked)
end
"""
_POST: Final = 'wrk.method = "POST"\nwrk.body = string.rep("x", {bytes})\n'


class LoadError(Exception):
    """The load saw errors, or its output is no result."""


def load(folder: Path, port: int, case: Case, seconds: int) -> dict[str, float]:
    """Requests for so long: `requests`, `requests_s`, `p50_ms`, `p99_ms`. Raises `LoadError`."""
    if case.message_bytes:
        return _websockets(port, case, seconds)
    argv = ["wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s", "--latency"]
    for header in case.headers:
        argv += ["-H", header]
    if case.post_bytes:
        script = folder / f"post-{case.post_bytes}.lua"
        script.write_text(_POST.format(bytes=case.post_bytes))
        argv += ["-s", str(script)]
    if case.varied:
        script = folder / "varied.lua"
        script.write_text(_VARIED.format(path=case.path))
        argv += ["-s", str(script)]
    argv.append(f"http://127.0.0.1:{port}{case.path}")
    ended = subprocess.run(
        argv, capture_output=True, text=True, timeout=seconds + 60, check=False
    )  # fmt: skip
    return _figures(ended.stdout + ended.stderr)


def _websockets(port: int, case: Case, seconds: int) -> dict[str, float]:
    arguments = (port, case.connections, seconds, case.message_bytes)
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.websocket_load", *map(str, arguments)],
        capture_output=True, text=True, timeout=seconds + 60, check=False, cwd=ROOT,
    )  # fmt: skip
    if ended.returncode != 0:
        raise LoadError(" ".join(ended.stderr.split())[-200:])
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


def _figures(output: str) -> dict[str, float]:
    if trouble := _TROUBLE.search(output):
        raise LoadError(trouble[0].strip())
    total = _TOTAL.search(output)
    if total is None or total[1] == "0":
        raise LoadError(f"no answer: {' '.join(output.split())}")
    took_s = float(total[2]) * _UNIT_MS[total[3]] / 1e3
    return {
        "requests": float(total[1]),
        "requests_s": float(total[1]) / took_s,
        "p50_ms": _percentile(output, 50),
        "p99_ms": _percentile(output, 99),
    }


def _percentile(output: str, percent: int) -> float:
    found = re.search(_PERCENTILE.format(percent=percent), output)
    if found is None:
        raise LoadError(f"no {percent}%: {' '.join(output.split())}")
    return float(found[1]) * _UNIT_MS[found[2]]


@contextmanager
def idle_connections(port: int, count: int) -> Iterator[None]:
    """Connections that have each had an answer, while the block runs. Raises `OSError`."""
    with ExitStack() as stack:
        for _ in range(count):
            connection = socket.create_connection(("127.0.0.1", port), _TIMEOUT_S)
            stack.enter_context(connection)
            connection.sendall(_REQUEST)
            _await_answer(connection)
        yield


def _await_answer(connection: socket.socket) -> None:
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(4096)
        if not piece:
            raise ConnectionResetError(f"closed after {answer!r}")
        answer += piece


def allow_many_connections() -> None:
    """As many descriptors as may be, for this process and those it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
