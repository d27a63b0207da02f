"""`orch top`: the table, and the command on a running project under traffic."""

import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import urlopen

import pytest

from orchestrator.cli.render import top
from orchestrator.cli.terminal import coloured, plain
from orchestrator.model.views import ReplicaStatsView, ServiceStatsView, StatsView
from tests.cli.orch import Orch
from tests.support.wait import eventually


def numbers(**fields: Any) -> dict[str, Any]:
    quiet: dict[str, Any] = {
        "requests_per_s": 0.0, "errors_per_s": 0.0, "error_ratio": 0.0, "retries_per_s": 0.0,
        "bytes_in_per_s": 0.0, "bytes_out_per_s": 0.0, "in_flight": 0, "p50_s": None,
        "p90_s": None, "p99_s": None, "p999_s": None, "requests": 0, "errors": 0, "retries": 0,
        "cpu_millicores": None, "memory_bytes": None,
    }  # fmt: skip
    return quiet | fields


def busy() -> StatsView:
    """One service with a replica that is under load, and one at rest."""
    replica = ReplicaStatsView(
        name="web-1", attempt=2, status="Ready",
        **numbers(requests_per_s=99.95, in_flight=3, p50_s=0.00045, p99_s=0.0123, errors_per_s=0.5,
                  cpu_millicores=250, memory_bytes=41_943_999),
    )  # fmt: skip
    idle = ReplicaStatsView(name="web-2", attempt=1, status="Starting", **numbers())
    service = ServiceStatsView(
        name="web", replicas=(replica, idle),
        **numbers(requests_per_s=1234.4, in_flight=3, p50_s=0.123, p99_s=1.5, p90_s=0.9996,
                  p999_s=0.00999, retries_per_s=2.0, bytes_in_per_s=52_428.8,
                  bytes_out_per_s=3.5 * 2**20),
    )  # fmt: skip
    return StatsView(seconds=1.0, services=(service,))


def test_a_line_for_each_service_and_replica() -> None:
    assert top.traffic(busy(), plain) == [
        "NAME      RPS    IN-FLIGHT   P50      P99      5XX     RETRIES   CPU    MEMORY",
        "web       1234   3           123ms    1.50s    0/s     2.0/s     -      -",
        "  web-1   100    3           0.45ms   12.3ms   0.5/s   0/s       250m   40Mi",
        "  web-2   0      0           -        -        0/s     0/s       -      -",
    ]


def test_wide() -> None:
    head, service, replica, _ = top.traffic(busy(), plain, wide=True)
    assert head.split()[-5:] == ["P90", "P99.9", "IN", "OUT", "STATUS"]
    assert service.split()[-4:] == ["1.00s", "9.99ms", "51.2Ki/s", "3.5Mi/s"]
    assert replica.split()[-1] == "Ready"


def test_what_is_wrong_is_coloured() -> None:
    lines = top.traffic(busy(), coloured)
    assert "\x1b[31m0.5/s\x1b[0m" in lines[2]
    assert "\x1b[33m2.0/s\x1b[0m" in lines[1]


def test_nothing_to_show() -> None:
    assert top.traffic(StatsView(seconds=1.0, services=()), plain) == ["No services."]


@contextmanager
def requests_to(orch: Orch) -> Iterator[None]:
    """One after the other for as long as the context lasts."""
    (service,) = orch.json("services")
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            with urlopen(service["address"]) as answer:
                answer.read()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_once_is_the_default_for_pipes(running: Orch) -> None:
    """And the numbers are those of the traffic there is."""
    with requests_to(running):
        stats = eventually(lambda: under_load(running.json("top")))
        (web,) = stats["services"]
        assert web["requests_per_s"] * stats["seconds"] >= 1
        assert 0 < web["p50_s"] <= web["p99_s"] < 10
        assert [one["name"] for one in web["replicas"]] == ["web-1", "web-2"]
        assert all(one["memory_bytes"] > 0 for one in web["replicas"])
        lines = running.quick("top", "web").splitlines()
    assert lines[0].split() == list(top.HEADS)
    assert [line.split()[0] for line in lines[1:]] == ["web", "web-1", "web-2"]


def under_load(stats: Any) -> Any:
    """The numbers, once there is traffic in them."""
    return stats if stats["services"][0]["requests_per_s"] else None


def test_names_and_mistakes(running: Orch) -> None:
    assert running.quick("top", "service/web", "-o", "name") == "service/web\n"
    assert "there are: web" in running.quick("top", "wbe", code=1)


def test_going_on_in_a_pipe(running: Orch) -> None:
    with running.begun("top", "--watch", "-o", "json") as process:
        assert process.stdout is not None
        for _ in range(2):
            assert json.loads(process.stdout.readline())["services"][0]["name"] == "web"


@pytest.mark.parametrize(("args", "ends"), [((), False), (("--once",), True)])
def test_on_a_terminal_it_is_live(args: tuple[str, ...], ends: bool, running: Orch) -> None:
    """Redrawn in place until Ctrl-C."""
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        running.argv("top", *args), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
        cwd=running.state_dir, env=running.environment(TERM="xterm", COLUMNS="120"),
    )  # fmt: skip
    os.close(theirs)
    try:
        written, interrupted = b"", False
        with os.fdopen(ours, "rb", buffering=0) as screen:
            try:
                while part := screen.read(4096):
                    written += part
                    # The table is there for the second time: it was drawn over the first one.
                    if written.count(b"IN-FLIGHT") >= 2 and not interrupted:
                        interrupted = True
                        process.send_signal(signal.SIGINT)
            except OSError:  # How Linux says that nobody holds the other end any more.
                pass
        assert process.wait(timeout=30) == (0 if ends else 130)
    finally:
        process.kill()
        process.wait()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())
    assert "web-2" in text
    assert interrupted is not ends
    assert (b"\x1b[1A" in written) is not ends
