"""No ephemeral port is left for a connection to a replica."""

import asyncio
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.proxy.few_ports import CLIENTS, FEW_PORTS, PORTS, RANGE, ROUNDS

REQUIRED = os.environ.get("ORCH_REQUIRE_NAMESPACES") == "1"
APART = ("unshare", "--user", "--map-root-user", "--net")
ROOT = Path(__file__).parents[2]


async def output_of(*command: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def trouble() -> str:
    """Why there can be no network of one's own, "" if there can."""
    if shutil.which("unshare") is None:
        return "no `unshare` here: it is Linux, package util-linux"
    code, _, err = await output_of(*APART, "sh", "-c", f"echo {FEW_PORTS} > {RANGE}")
    return f"no network namespace may be made: {err.strip()}" if code else ""


async def findings(folder: Path, protocol: str) -> dict[str, Any]:
    if why := await trouble():
        assert not REQUIRED, f"ORCH_REQUIRE_NAMESPACES=1, but {why}"
        pytest.skip(why)
    command = (sys.executable, "-m", "tests.proxy.few_ports", str(folder), protocol)
    code, out, err = await output_of(*APART, *command)
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


async def test_it_is_a_503_until_one_is_free(state_dir: Path) -> None:
    """In each round those that found a port are served, the others are told, nobody is blamed,
    nothing is left open. A replica to which there are ports gets what another cannot."""
    found = await findings(state_dir / "run", "http")
    short = {"200 served": PORTS, "503 out of sockets on the way to service web": CLIENTS - PORTS}
    assert found["short"] == [short] * ROUNDS
    assert set(found["hints"]) == {"1"}
    assert found["later"] == [{"200 served": CLIENTS}] * ROUNDS
    assert found["elsewhere"] == {"200 web-2": CLIENTS}
    assert found["suspects"] == []
    assert found["counters"] == {"queued": 0, "in_flight": 0, "connect_failures": 0}


async def test_a_connection_goes_to_another_replica_or_is_reset(state_dir: Path) -> None:
    """`protocol: tcp`."""
    assert await findings(state_dir / "run", "tcp") == {
        "turned_away": "",
        "elsewhere": {"200 web-2": PORTS},
        "suspects": [],
        "connect_failures": 0,
    }
