"""What /proc says of processes. Linux only."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Process:
    """One process. `command` is its argv joined by blanks."""

    pid: int
    parent: int
    command: str
    cpu_s: float
    """User and system time so far, of the process itself."""
    resident_bytes: int


def read(pid: int) -> Process | None:
    """What it is and has used so far; None when it is gone."""
    folder = Path("/proc", str(pid))
    try:
        stat = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return None
    cpu_s = (int(stat[11]) + int(stat[12])) / TICKS_PER_S
    return Process(pid, int(stat[1]), command.strip(), cpu_s, int(stat[21]) * PAGE_BYTES)


def everything() -> list[Process]:
    """All processes."""
    pids = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]
    return [process for pid in pids if (process := read(pid)) is not None]


def children(pid: int) -> list[Process]:
    """The direct children of a process."""
    return [process for process in everything() if process.parent == pid]


def alive(word: str) -> list[str]:
    """Processes with a word in their command, but for ourselves: `PID COMMAND`."""
    return [
        f"{p.pid} {p.command}" for p in everything() if word in p.command and p.pid != os.getpid()
    ]
