"""Nothing that tests start outlives them, also when they are killed: a guardian waits for that.

Controllers, proxy workers and replicas are made to outlive whoever starts them, so they do not end
with the tests. A process of its own waits until the tests' end of a pipe closes, as it does however
they end, and then removes what is left of the projects that it was told of (`watch`), and whatever
has the run's folder in its command line, its environment or as its working directory.

Run as `python -m tests.support.guardian FOLDER` it is that process.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
MARK: Final = "RUN_OF_TESTS"
"""Environment variable by which what the tests start is known, unless it gets an environment of
its own: then its paths tell."""
LONGEST_END_S: Final = 60.0
PAUSE_S: Final = 0.05


class Guardian:
    """The tests' end of it. `folder`: where all that they start keeps its state."""

    def __init__(self) -> None:
        # Short: the sockets of proxy workers live below it (107 bytes at most).
        self.folder = Path(tempfile.mkdtemp(prefix="orch-", dir="/tmp"))
        self.folder.chmod(0o711)  # A test that is another user finds its own.
        self._watched = self.folder / "watched"
        self._watched.mkdir()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, os.fspath(self.folder)],
            stdin=subprocess.PIPE,
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name != MARK},
            start_new_session=True,
        )
        os.environ[MARK] = os.fspath(self.folder)

    def watch(self, project: str, folder: Path) -> None:
        """The project, whose own folder this is, ends with the tests at the latest."""
        (self._watched / project).write_text(os.fspath(folder))

    def unwatch(self, project: str) -> None:
        """It has ended."""
        (self._watched / project).unlink(missing_ok=True)

    def close(self) -> None:
        """The tests are over: wait until nothing is left."""
        self._process.communicate(timeout=2 * LONGEST_END_S)


_started: list[Guardian] = []


def guardian() -> Guardian:
    """The one of this run."""
    if not _started:
        _started.append(Guardian())
    return _started[0]


# -- the process -----------------------------------------------------------------------------------


def main(folder: Path) -> None:
    """Wait for the end of the tests, then for the end of what they have started."""
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    sys.stdin.buffer.read()
    deadline = time.monotonic() + LONGEST_END_S
    _kill_all(folder, deadline)
    if any((folder / "watched").iterdir()):
        asyncio.run(_destroy_all(folder / "watched"))
    _kill_all(folder, deadline)
    shutil.rmtree(folder, ignore_errors=True)


def _kill_all(folder: Path, deadline: float) -> None:
    """Until a whole look finds nobody: who is killed may have been starting somebody."""
    while (found := processes_of(folder)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(PAUSE_S)


def processes_of(folder: Path) -> set[int]:
    """With the children of each, and its session if it leads one: replicas do not tell."""
    mark = os.fsencode(folder)
    others = {pid: _told(pid) for pid in _pids() if pid != os.getpid()}
    found = {pid for pid, (told, _) in others.items() if mark in told}
    while more := {pid for pid, (_, kin) in others.items() if kin & found} - found:
        found |= more
    return found


def _pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]


def _told(pid: int) -> tuple[bytes, set[int]]:
    """What tells where a process belongs, its parent and its session; nothing of one that is over.
    Who looks into the folder from a terminal is not of the tests: only an environment says that."""
    process = Path("/proc") / str(pid)
    try:
        _, _, stat = (process / "stat").read_text().rpartition(")")
        state, parent, _, session, terminal = stat.split()[:5]
        texts = (process / "environ").read_bytes()
        if terminal == "0":
            texts += (process / "cmdline").read_bytes() + bytes((process / "cwd").readlink())
    except OSError:
        return b"", set()
    return (b"", set()) if state in "ZX" else (texts, {int(parent), int(session)})


async def _destroy_all(watched: Path) -> None:
    """What is left of projects on either engine: containers, networks, control groups."""
    from orchestrator.engines.docker import DockerEngine
    from orchestrator.engines.process import ProcessEngine

    for entry in watched.iterdir():
        for engine in (
            ProcessEngine(entry.name, Path(entry.read_text())),
            DockerEngine(entry.name),
        ):
            with contextlib.suppress(Exception):  # The next one all the same.
                async with asyncio.timeout(LONGEST_END_S):
                    await engine.open()
                    await engine.destroy()
            await engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
