"""Which process is which: a pid alone does not tell, a pid with its start time does.

The kernel hands out pids again. Before every signal the start time is compared, and where the
system has pidfds the signal goes through one, so that it can never reach a stranger.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
HAS_PROC: Final = sys.platform == "linux"
GONE: Final = (FileNotFoundError, ProcessLookupError)
"""What /proc answers of a process that has ended, before and while one reads."""
TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Process:
    """One process for all time: its pid and when it started (proc(5) `starttime` in ticks since
    boot; elsewhere what `ps -o lstart` says)."""

    pid: int
    start: str


@dataclass(frozen=True, slots=True)
class Stat:
    """What the system says of a process now."""

    process: Process
    state: str
    session: int
    cpu_seconds: float
    memory_bytes: int

    @property
    def ended(self) -> bool:
        """Dead, but not yet reaped by its parent."""
        return self.state in ("Z", "X")


def parse_stat(line: str) -> Stat:
    """Read a line of /proc/PID/stat, see proc(5). The name may hold spaces and brackets."""
    pid, _, rest = line.partition(" (")
    field = rest.rpartition(") ")[2].split()
    return Stat(
        process=Process(int(pid), field[19]),
        state=field[0],
        session=int(field[3]),
        cpu_seconds=sum(map(int, field[11:15])) / TICKS_PER_SECOND,
        memory_bytes=int(field[21]) * PAGE_BYTES,
    )


def parse_identity(line: str) -> Process:
    """Read what the keeper wrote: a /proc/PID/stat line, or `PID LSTART`."""
    if " (" in line:
        return parse_stat(line).process
    pid, _, start = line.strip().partition(" ")
    return Process(int(pid), " ".join(start.split()))


def stat(pid: int) -> Stat | None:
    """Look a process up; None when there is none.

    Raises `OSError` when that cannot be known, as for want of a descriptor: "not known" must never
    pass for "dead".
    """
    if not HAS_PROC:
        return next(iter(_ps("-p", str(pid))), None)
    try:
        return parse_stat((PROC / str(pid) / "stat").read_text(errors="replace"))
    except GONE:
        return None


def every_stat() -> list[Stat]:
    """All processes that can be seen."""
    if not HAS_PROC:
        return _ps("-ax")
    return [found for pid in _pids() if (found := stat(pid)) is not None]


def alive(process: Process) -> bool:
    """Whether this very process runs (a zombie does not)."""
    now = stat(process.pid)
    return now is not None and now.process == process and not now.ended


@cache
def boot_id() -> str:
    """Changes with every boot: start times count from it."""
    try:
        return (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def environment(pid: int) -> dict[str, str]:
    """The environment a process was started with; empty where it cannot be known."""
    try:
        raw = (PROC / str(pid) / "environ").read_bytes()
    except (*GONE, PermissionError):
        return {}
    pairs = (os.fsdecode(item).partition("=") for item in raw.split(b"\0") if b"=" in item)
    return {name: value for name, _, value in pairs}


def with_variable(name: str, values: set[str]) -> dict[str, list[Process]]:
    """Processes whose environment has variable `name` set to one of `values`, by value.

    Finds descendants wherever they went: a variable is inherited also by those that left the
    session or whose parents have died.
    """
    wanted = {f"{name}={value}".encode(): value for value in values}
    found: dict[str, list[Process]] = {value: [] for value in values}
    for pid in _pids() if HAS_PROC else []:
        try:
            variables = set((PROC / str(pid) / "environ").read_bytes().split(b"\0"))
        except (*GONE, PermissionError):  # another user's is not ours
            continue
        seen = stat(pid)
        for item in wanted.keys() & variables:
            if seen is not None and not seen.ended:
                found[wanted[item]].append(seen.process)
    return found


def send(process: Process, number: signal.Signals) -> bool:
    """Signal this very process; False when it is gone."""
    try:
        with _handle(process.pid) as deliver:
            if not alive(process):
                return False
            deliver(number)
            return True
    except ProcessLookupError:
        return False


def send_group(leader: Process, number: signal.Signals) -> bool:
    """Signal the process group that `leader` leads; False when the leader is gone.

    As long as the leader exists, dead or not, the system gives its number to no other group.
    """
    now = stat(leader.pid)
    if now is None or now.process != leader:
        return False
    try:
        os.killpg(leader.pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:  # macOS says so when only a zombie is left
        return False
    return True


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[Callable[[int], None]]:
    """What signals this process even if its number is given to another in between."""
    if sys.platform != "linux":
        yield partial(os.kill, pid)
        return
    descriptor = os.pidfd_open(pid)
    try:
        yield partial(signal.pidfd_send_signal, descriptor)
    finally:
        os.close(descriptor)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208


def _ps(*selection: str) -> list[Stat]:
    """Where there is no /proc. A group stands for the session: `ps` shows no session there."""
    columns = "pid=,state=,pgid=,rss=,time=,lstart="
    shown = subprocess.run(  # nothing here comes from a user
        ["/bin/ps", *selection, "-o", columns],
        capture_output=True,
        text=True,
        check=False,
        env={"LC_ALL": "C"},
    )
    return [_parse_ps(line) for line in shown.stdout.splitlines()]


def _parse_ps(line: str) -> Stat:
    pid, state, group, rss, time, *start = line.split()
    return Stat(
        process=Process(int(pid), " ".join(start)),
        state=state[0],
        session=int(group),
        cpu_seconds=_clock_seconds(time),
        memory_bytes=int(rss) * 1024,
    )


def _clock_seconds(text: str) -> float:
    """`[[DD-]HH:]MM:SS[.cc]` in seconds."""
    days, _, clock = text.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + int(days or 0) * 86_400
