"""Autobahn's WebSocket cases, run by kosoku: through the proxy the verdicts are those of direct.

Without the cases on throughput (9.*) and compression (12.*, 13.*): a proxy sees bytes of a tunnel.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.http import answers, free_port
from orchestrator.model.snapshot import Endpoint, Listener, Snapshot
from tests.proxy.conftest import Proxy
from tests.support.wait import eventually

kosoku = pytest.importorskip("kosoku")

LEFT_OUT = ["9.*", "12.*", "13.*"]
# Whether an echo leaves before the fault that follows it is noticed depends on how the bytes
# arrive, directly too.
EITHER = {"NON-STRICT": "OK"}


@pytest.fixture
def sample_app() -> Iterator[int]:
    """The port of a replica that echoes messages on `/ws`."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "sample_app"], cwd=Path(__file__).parents[2],
        env={**os.environ, "PORT": str(port)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        eventually(lambda: answers("127.0.0.1", port), what="a replica that answers")
        yield port
    finally:
        process.kill()
        process.wait()


async def verdicts(port: int) -> dict[str, tuple[str, str]]:
    """Of each case: the verdicts on the messages and on the closing handshake.

    Raises `kosoku.FailureError` if one fails.
    """
    results = await kosoku.run_fuzzingclient(
        f"ws://127.0.0.1:{port}/ws", None, LEFT_OUT, concurrency=4
    )
    return {
        one.case_id: (
            EITHER.get(one.behavior.value, one.behavior.value),
            one.behavior_close.value,
        )
        for one in results
    }


async def test_every_case_ends_through_the_proxy_as_it_does_directly(
    proxy: Proxy, sample_app: int
) -> None:
    replica = Endpoint("web-1.1", "127.0.0.1", sample_app, name="web-1")
    listener = Listener("web", "127.0.0.1", proxy.port, (replica,))
    await proxy.supervisor.publish(Snapshot(1, (listener,)))
    direct = await verdicts(sample_app)
    assert len(direct) > 200
    assert await verdicts(proxy.port) == direct
