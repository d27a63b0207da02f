"""What twenty idle replicas cost: processor time and memory of the controller and the proxy."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Final

from docker import DockerClient

from benchmarks import sample
from benchmarks.ours import Ours, ours
from benchmarks.processes import children, read
from benchmarks.report import Report, Row
from benchmarks.spread import Spread

REPLICAS: Final = 20
SPAN_S: Final = 30.0
SETTLE_S: Final = 5.0
READY_TIMEOUT_S: Final = 60.0
CPU_AIM_PERCENT: Final = 2.0
MEMORY_AIM_MB: Final = 80.0
WORKER: Final = "orchestrator.proxy.worker"


def run(client: DockerClient, runs: int, progress: Callable[[str], None]) -> Report:
    """One project, so many spans of 30 s."""
    sample.build(client)
    found: dict[str, list[float]] = defaultdict(list)
    with ours(client, REPLICAS) as one:
        progress(f"idle: orch up with {REPLICAS} replicas")
        one.up()
        time.sleep(SETTLE_S)
        for turn in range(runs):
            progress(f"idle {turn + 1}/{runs}: {SPAN_S:g} s")
            for name, value in _span(one).items():
                found[name].append(value)
            one.await_ready(READY_TIMEOUT_S)
    return _report({name: Spread(tuple(values)) for name, values in found.items()})


def _span(one: Ours) -> dict[str, float]:
    """Percent of one core and MB, of the controller and of the proxy workers together."""
    pids = {"controller": [one.controller_pid], "proxy": _workers(one.controller_pid)}
    before = {name: _cpu_s(of) for name, of in pids.items()}
    begin = time.perf_counter()
    time.sleep(SPAN_S)
    spent = time.perf_counter() - begin
    cpu = {f"{name} cpu": 100 * (_cpu_s(of) - before[name]) / spent for name, of in pids.items()}
    return cpu | {f"{name} memory": _memory_mb(of) for name, of in pids.items()}


def _workers(controller: int) -> list[int]:
    found = [process.pid for process in children(controller) if WORKER in process.command]
    if not found:
        raise RuntimeError("the controller has no proxy worker")
    return found


def _cpu_s(pids: list[int]) -> float:
    return sum(process.cpu_s for pid in pids if (process := read(pid)))


def _memory_mb(pids: list[int]) -> float:
    return sum(process.resident_bytes for pid in pids if (process := read(pid))) / 10**6


def _report(found: dict[str, Spread]) -> Report:
    rows = [
        Row("controller: processor", found["controller cpu"], "% of a core", CPU_AIM_PERCENT),
        Row("controller: resident memory", found["controller memory"], "MB", MEMORY_AIM_MB),
        Row("proxy worker: processor", found["proxy cpu"], "% of a core"),
        Row("proxy worker: resident memory", found["proxy memory"], "MB", MEMORY_AIM_MB),
    ]
    notes = [
        f"{SPAN_S:g} s each, from /proc: user and system time, resident set with shared pages.",
        f"{REPLICAS} replicas with demo timing: readiness and liveness ask the same path every "
        "2 s, hence once for both; the engine is listed every 5 s; no requests.",
    ]
    return Report("idle", f"Idle: {REPLICAS} replicas on Docker, nothing to do", rows, notes)
