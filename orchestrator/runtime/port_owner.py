"""Who listens on a port: the words that make a port conflict easy to end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LISTEN: Final = "0A"  # TCP_LISTEN in proc(5), /proc/net/tcp


def port_owner(port: int) -> str:
    """`nginx (pid 42)`, or `` where the system does not tell."""
    inodes = set(_listening_inodes(port))
    if not inodes:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        if inodes & set(_socket_inodes(process)):
            return f"{_name(process)} (pid {process.name})"
    return ""


def _listening_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _socket_inodes(process: Path) -> Iterator[str]:
    try:
        for fd in (process / "fd").iterdir():
            target = str(fd.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:  # Another user's, or gone.
        return


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process"
