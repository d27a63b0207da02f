"""The routes that use CPU and memory really do, and do not stop health from answering."""

import os
import select
import socket
import sys
from pathlib import Path

import pytest

from tests.support.wait import eventually

from .conftest import Start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def cpu_s(pid: int) -> float:
    """User and system time of the process in seconds (proc(5): fields 14 and 15 of stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_work_burns_cpu_time(start: Start) -> None:
    replica = start()
    before = cpu_s(replica.process.pid)
    assert replica.client.get("/work?ms=200").json()["worked_ms"] == 200
    assert 0.18 <= cpu_s(replica.process.pid) - before <= 0.4


def test_health_is_answered_during_work(start: Start) -> None:
    replica = start()
    before = cpu_s(replica.process.pid)
    with socket.create_connection(("127.0.0.1", replica.port), timeout=10) as busy:
        busy.sendall(b"GET /work?ms=60000 HTTP/1.1\r\nHost: x\r\n\r\n")
        eventually(lambda: cpu_s(replica.process.pid) > before + 0.05)
        assert replica.client.get("/healthz").status_code == 200
        assert select.select([busy], [], [], 0)[0] == []


def test_memory_is_kept_replaced_and_freed(start: Start) -> None:
    replica = start()
    before = rss_mb(replica.process.pid)
    for held in (30, 60, 0):
        assert replica.client.get(f"/memory?mb={held}").json()["held_mb"] == held
        assert rss_mb(replica.process.pid) - before == pytest.approx(held, abs=8)
