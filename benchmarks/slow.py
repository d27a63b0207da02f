"""slowhttptest against the proxy, all four modes, while others' requests go on.

Each mode holds `CONNECTIONS` connections for `SPAN_S`; meanwhile a steady load asks the same
service. All of it must be answered.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.http import answers, free_port
from benchmarks.load import Answer, Load
from benchmarks.proxy_configs import Site
from benchmarks.proxy_contestants import Ours
from benchmarks.report import Report, Row
from benchmarks.sample import ROOT
from benchmarks.spread import Spread
from benchmarks.wait import until

TOOL: Final = "slowhttptest"
CONNECTIONS: Final = 1000
SPAN_S: Final = 20
RATE: Final = 50.0
REPLICAS: Final = 2
P99_AIM_MS: Final = 500.0
"""Of others' requests: what a person does not yet notice as a stall."""
_COMMON: Final = ("-c", str(CONNECTIONS), "-r", "400", "-l", str(SPAN_S), "-p", "5")
MODES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "slow headers (-H)": ("/", ("-H", "-i", "2", "-x", "24")),
    "slow body (-B)": ("/echo", ("-B", "-i", "2", "-s", "8192", "-x", "10")),
    "slow read (-X)": ("/items", ("-X", "-w", "1", "-y", "8", "-n", "2", "-z", "4", "-k", "10")),
    "range (-R)": ("/", ("-R", "-a", "5", "-b", "2000", "-i", "2", "-t", "GET")),
}


def run(runs: int, say: Callable[[str], None]) -> Report:
    """Each mode `runs` times. Raises `RuntimeError` without slowhttptest."""
    if shutil.which(TOOL) is None:
        raise RuntimeError(f"{TOOL} is not installed (Debian: apt-get install {TOOL})")
    found: dict[str, list[list[Answer]]] = {mode: [] for mode in MODES}
    with _service() as port:
        for number in range(runs):
            for mode, (path, options) in MODES.items():
                url = f"http://127.0.0.1:{port}{path}"
                answered = asyncio.run(_under_attack(port, [TOOL, *options, *_COMMON, "-u", url]))
                found[mode].append(answered)
                lost = sum(answer.failed for answer in answered)
                say(f"{mode}, run {number + 1}: {len(answered)} requests, {lost} failed")
    return _report(found)


async def _under_attack(port: int, argv: list[str]) -> list[Answer]:
    """What became of others' requests while the tool ran."""
    async with Load("127.0.0.1", port, RATE) as load:
        tool = await asyncio.create_subprocess_exec(
            *argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            async with asyncio.timeout(SPAN_S + 30):
                output, _ = await tool.communicate()
        finally:
            if tool.returncode is None:
                tool.kill()
                await tool.wait()
    if b"Test ended" not in output:
        raise RuntimeError(f"{TOOL}: {output.decode(errors='replace')[-500:]}")
    return load.answers


@contextmanager
def _service() -> Iterator[int]:
    """Replicas of the sample app behind one worker; the port."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = tuple(stack.enter_context(_replica()) for _ in range(REPLICAS))
        site = Site(folder, free_port(), ports)
        stack.enter_context(Ours().running(site))
        yield site.port


@contextmanager
def _replica() -> Iterator[int]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "sample_app"], cwd=ROOT, env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: answers("127.0.0.1", port), 20, "a replica that answers")
        yield port
    finally:
        process.kill()
        process.wait()


def _p99_ms(answered: list[Answer]) -> float:
    latencies = sorted(1000 * answer.latency_s for answer in answered)
    return latencies[len(latencies) * 99 // 100]


def _report(found: dict[str, list[list[Answer]]]) -> Report:
    rows = []
    for mode, each in found.items():
        failed = Spread.of(float(sum(answer.failed for answer in one)) for one in each)
        rows.append(Row(f"{mode}: others' requests that failed", failed, "", 0, always=True))
        rows.append(Row(f"{mode}: others' p99", Spread.of(map(_p99_ms, each)), "ms", P99_AIM_MS))
    notes = [
        f"{CONNECTIONS} connections of {TOOL} for {SPAN_S} s in each mode; meanwhile {RATE:g} "
        f"requests a second of others, to the same {REPLICAS} replicas of the sample app through "
        "one worker. From when a request was due to the end of its answer.",
        "Slow bodies are sent on to the replicas as they come, and held there too. A range attack "
        "ends early: each request is whole, and answered.",
    ]
    return Report("slow", "Slow clients: slowhttptest in its four modes", rows, notes)
