"""Limits through control groups, where the system lets us have them.

Groups are made beneath the one we run in, so that no replica escapes a limit that binds us:
`…/orchestrator/PROJECT/REPLICA`. Version 1 has one folder per controller, version 2 one for all;
each setting is written wherever its file exists, so the rest of the code need not know which.
Formats: cgroups(7), Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of the kernel.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

CONTROLLERS: Final = ("memory", "cpu", "cpuacct", "pids")
PERIOD_US: Final = 100_000
_TELLING: Final = {
    "memory.max": "memory",
    "memory.limit_in_bytes": "memory",
    "cpu.max": "cpu",
    "cpu.cfs_quota_us": "cpu",
    "cpuacct.usage": "cpuacct",
    "pids.max": "pids",
}
"""Files by which a group shows that it has a controller."""
_TRIES: Final = 5
FOLDER: Final = "orchestrator"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one replica may use; None: no bound."""

    cpu_millicores: int | None
    memory_bytes: int | None
    pids: int | None

    @property
    def settings(self) -> list[tuple[str, str]]:
        """Files and what to write to them, version 2 and 1. Order counts: the limit on memory
        and swap together cannot be set below that on memory."""
        found: list[tuple[str, str]] = []
        if (memory := self.memory_bytes) is not None:
            found += [("memory.max", str(memory)), ("memory.swap.max", "0")]
            found += [("memory.limit_in_bytes", str(memory))]
            found += [("memory.memsw.limit_in_bytes", str(memory))]
        if (cpu := self.cpu_millicores) is not None:
            quota = max(1000, cpu * PERIOD_US // 1000)
            found += [("cpu.max", f"{quota} {PERIOD_US}")]
            found += [("cpu.cfs_period_us", str(PERIOD_US)), ("cpu.cfs_quota_us", str(quota))]
        if self.pids is not None:
            found.append(("pids.max", str(self.pids)))
        return found


class Cgroups:
    """The folders in which a project's groups can be made: none where it is not permitted."""

    def __init__(self, project: str, *, wanted: bool = True) -> None:
        self._project = project
        self._wanted = wanted

    @cached_property
    def _offered(self) -> dict[Path, frozenset[str]]:
        """Our folder beneath each place, and its controllers: found out by trying, once."""
        places = dict.fromkeys(_here()) if self._wanted else {}
        tried = {place / FOLDER / self._project: _try(place, self._project) for place in places}
        return {folder: controllers for folder, controllers in tried.items() if controllers}

    @property
    def controllers(self) -> frozenset[str]:
        """What can be limited and measured: some of `CONTROLLERS`."""
        return frozenset().union(*self._offered.values())

    def paths(self, name: str) -> tuple[str, ...]:
        """Where the group of one replica is to be."""
        return tuple(str(folder / name) for folder in self._offered)


def create(folders: Sequence[str], limits: Limits) -> None:
    """Make the group of one replica. Raises `OSError`."""
    for folder in map(Path, folders):
        _make_surely(folder)
        for file, value in limits.settings:
            if (folder / file).exists():
                (folder / file).write_text(value)


def join_files(folders: Sequence[str]) -> list[str]:
    """Where a process writes 0 to join."""
    return [f"{folder}/cgroup.procs" for folder in folders]


def members(folders: Sequence[str]) -> set[int]:
    """Pids of all that run in a group."""
    pids: set[int] = set()
    for folder in folders:
        with contextlib.suppress(OSError):
            pids.update(map(int, Path(folder, "cgroup.procs").read_text().split()))
    return pids


def oom_kills(folders: Sequence[str]) -> int:
    """How many processes of the group the kernel has killed for want of memory."""
    counts = (_field(folders, file, "oom_kill") for file in ("memory.events", "memory.oom_control"))
    return next((count for count in counts if count is not None), 0)


def cpu_seconds(folders: Sequence[str]) -> float | None:
    """CPU time the group has used; None where it is not measured."""
    if (microseconds := _field(folders, "cpu.stat", "usage_usec")) is not None:
        return microseconds / 1e6
    nanoseconds = _number(folders, "cpuacct.usage")
    return None if nanoseconds is None else nanoseconds / 1e9


def memory_bytes(folders: Sequence[str]) -> int | None:
    """Memory the group holds, less the file cache it could give back (as Kubernetes and Docker
    count it); None where it is not measured."""
    for used_file, cache_field in (
        ("memory.current", "inactive_file"),
        ("memory.usage_in_bytes", "total_inactive_file"),
    ):
        if (used := _number(folders, used_file)) is not None:
            return max(0, used - (_field(folders, "memory.stat", cache_field) or 0))
    return None


def remove(folders: Sequence[str]) -> bool:
    """Remove a group, and the project's with the last one; False while something still runs in
    it."""
    done = True
    for folder in map(Path, folders):
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            done = False
        else:
            _prune(folder)
    return done


def _prune(folder: Path) -> None:
    """Remove the folders above a replica's group if nothing else is in them."""
    with contextlib.suppress(OSError):
        folder.parent.rmdir()
        folder.parent.parent.rmdir()


def _here() -> list[Path]:
    try:
        groups = Path("/proc/self/cgroup").read_text()
        mounts = Path("/proc/self/mountinfo").read_text()
    except OSError:
        return []
    return list(candidates(groups, mounts))


def candidates(groups: str, mounts: str) -> Iterator[Path]:
    """Folders beneath which groups may be made, from /proc/self/cgroup and mountinfo."""
    own = dict(_own_paths(groups))
    for kind, options, root, point in _mounts(mounts):
        if kind == "cgroup2" and "" in own:
            yield from _unified(point, _beneath(own[""], root))
        for controller in CONTROLLERS:
            if kind == "cgroup" and controller in options and controller in own:
                yield point / _beneath(own[controller], root)


def _own_paths(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _mounts(text: str) -> Iterator[tuple[str, list[str], str, Path]]:
    """Kind, options, root and mount point of each cgroup mount, see proc(5)."""
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            yield kind, options.split(","), before.split()[3], Path(before.split()[4])


def _beneath(path: str, root: str) -> str:
    inside = path.removeprefix(root.rstrip("/")) if path.startswith(root) else ""
    return inside.strip("/")


def _unified(point: Path, own: str) -> Iterator[Path]:
    """Version 2 allows no processes beside sub-groups: the nearest group above that hands its
    controllers down."""
    folder = point / own
    for candidate in (folder, *folder.parents):
        if not candidate.is_relative_to(point):
            return
        with contextlib.suppress(OSError):
            if "memory" in (candidate / "cgroup.subtree_control").read_text().split():
                yield candidate
                return


def _try(place: Path, project: str) -> frozenset[str]:
    """The controllers of groups that can be made there and joined (who moves a process must also
    be allowed to write to the group above both ends); none if they cannot."""
    trial = place / FOLDER / project / f"trial-{os.getpid()}"
    try:
        _make_surely(trial)
        offered = {name for file, name in _TELLING.items() if (trial / file).exists()}
        trial.rmdir()
        _prune(trial)
    except OSError:
        return frozenset()
    return frozenset(offered if os.access(place / "cgroup.procs", os.W_OK) else ())


def _make_surely(folder: Path) -> None:
    """Another project that ends may take the common folder away in between."""
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            return _make(folder)
    return _make(folder)


def _make(folder: Path) -> None:
    """`…/orchestrator/PROJECT/REPLICA`, controllers handed down to it."""
    project = folder.parent
    for above in (project.parent, project):
        above.mkdir(exist_ok=True)
        if (above / "cgroup.subtree_control").exists():
            available = (above / "cgroup.controllers").read_text().split()
            wanted = [f"+{name}" for name in CONTROLLERS if name in available]
            (above / "cgroup.subtree_control").write_text(" ".join(wanted))
    folder.mkdir(exist_ok=True)


def _read(folders: Sequence[str], file: str) -> str | None:
    for folder in folders:
        with contextlib.suppress(OSError):
            return Path(folder, file).read_text()
    return None


def _number(folders: Sequence[str], file: str) -> int | None:
    text = _read(folders, file)
    return None if text is None else int(text)


def _field(folders: Sequence[str], file: str, name: str) -> int | None:
    text = _read(folders, file)
    for line in (text or "").splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return None
