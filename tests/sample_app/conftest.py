"""Real processes of the sample app, each on a port of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "sample_app"]
PREFIXES = ("ORCH_", "GREETING", "VERSION", "HEALTHY", "READY", "SLOW_MS", "IGNORE_TERM", "CRASH")


@dataclass(frozen=True)
class Replica:
    """A running sample app and a client for it."""

    process: subprocess.Popen[str]
    port: int
    client: httpx.Client


Start = Callable[..., Replica]


def spawn(**env: str) -> subprocess.Popen[str]:
    """The app with this environment on a free port, standard output and error readable."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(PREFIXES)}
    return subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env={**inherited, "PORT": "0", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def port_of(process: subprocess.Popen[str]) -> int:
    """Reads the log up to the line that names the port; raises if the process ends before."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"listening on port (\d+)", line):
            return int(found[1])
    assert process.stderr is not None
    raise RuntimeError(process.stderr.read())


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Starts a replica that is killed when the module's tests are done."""
    with ExitStack() as stack:

        def starter(**env: str) -> Replica:
            process = stack.enter_context(spawn(**env))
            stack.callback(process.kill)
            port = port_of(process)
            # No certificates and no proxy settings: the peer is on this machine.
            client = httpx.Client(
                base_url=f"http://127.0.0.1:{port}", verify=False, trust_env=False, timeout=10
            )
            return Replica(process, port, stack.enter_context(client))

        yield starter


@pytest.fixture(scope="module")
def client(start: Start) -> httpx.Client:
    """A client of one replica that the module's tests share and do not break."""
    return start().client
