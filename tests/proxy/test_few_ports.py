"""Fault 43: no ephemeral port is left for a connection to a replica."""

import asyncio
import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.proxy.few_ports import CLIENTS, PORTS, ROUNDS

APART = ("unshare", "--user", "--map-root-user", "--net")


async def output_of(*command: str) -> tuple[int | None, str, str]:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_it_is_a_503_until_one_is_free(state_dir: Path) -> None:
    """In each round those that found a port are served, the others are told, nobody is blamed,
    nothing is left open."""
    if shutil.which("unshare") is None or (await output_of(*APART, "true"))[0] != 0:
        pytest.skip("needs Linux and the right to make a network namespace")
    folder = str(state_dir / "run")
    code, out, err = await output_of(*APART, sys.executable, "-m", "tests.proxy.few_ports", folder)
    assert code == 0, err
    found = json.loads(out)
    short = {"200 served": PORTS, "503 out of sockets on the way to service web": CLIENTS - PORTS}
    assert found["short"] == [short] * ROUNDS
    assert set(found["hints"]) == {"1"}
    assert found["later"] == [{"200 served": CLIENTS}] * ROUNDS
    assert found["suspects"] == []
