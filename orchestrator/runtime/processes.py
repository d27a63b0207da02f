"""Telling one process from another that later got the same pid."""

import subprocess
from pathlib import Path


def start_ticks(pid: int) -> int | None:
    """When the process started, in a unit of the operating system's own; None if it is gone
    or only a zombie. Source: proc(5), /proc/PID/stat field 22; elsewhere `ps -o lstart`."""
    if pid <= 0:
        return None
    if not Path("/proc/self/stat").exists():
        return _start_by_ps(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    # The name in field 2 may hold blanks and parentheses: count from its end.
    fields = stat.rpartition(b")")[2].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def _start_by_ps(pid: int) -> int | None:
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    text = subprocess.run(command, capture_output=True, check=False, timeout=5).stdout.strip()
    return int.from_bytes(text, "big") % (1 << 61) if text else None
