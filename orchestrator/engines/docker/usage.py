"""What containers use: from their control groups where they are this machine's, else as the
engine says (which costs it a call each)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from orchestrator.model.launch import Usage

ROOT: Final = Path("/sys/fs/cgroup")
_NS: Final = 1e9
_US: Final = 1e6
# By cgroup driver: cgroupfs, systemd.
_PLACES: Final = ("docker/{id}", "system.slice/docker-{id}.scope")


def measure(engine_id: str, root: Path = ROOT) -> Usage | None:
    """From the files of either version; None where there are none for it."""
    for place in _PLACES:
        folder = place.format(id=engine_id)
        try:
            if (root / "cgroup.controllers").exists():
                return _version_2(root / folder)
            return _version_1(root / "cpuacct" / folder, root / "memory" / folder)
        except (OSError, ValueError, KeyError):
            continue
    return None


def _version_1(cpu: Path, memory: Path) -> Usage:
    seconds = int((cpu / "cpuacct.usage").read_text()) / _NS
    used = int((memory / "memory.usage_in_bytes").read_text())
    return Usage(
        seconds, _without_cache(used, _table(memory / "memory.stat"), "total_inactive_file")
    )


def _version_2(folder: Path) -> Usage:
    seconds = _table(folder / "cpu.stat")["usage_usec"] / _US
    used = int((folder / "memory.current").read_text())
    return Usage(seconds, _without_cache(used, _table(folder / "memory.stat"), "inactive_file"))


def from_stats(stats: Mapping[str, Any]) -> Usage | None:
    """From `GET /containers/ID/stats`; None for one that does not run."""
    memory = stats.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    seconds = stats["cpu_stats"]["cpu_usage"]["total_usage"] / _NS
    table = memory.get("stats") or {}
    key = "total_inactive_file" if "total_inactive_file" in table else "inactive_file"
    return Usage(seconds, _without_cache(memory["usage"], table, key))


def _without_cache(used: int, table: Mapping[str, int], key: str) -> int:
    """As `docker stats` and cAdvisor's working set: file cache that can go does not count."""
    return max(0, used - table.get(key, 0))


def _table(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in map(str.split, path.read_text().splitlines())}
