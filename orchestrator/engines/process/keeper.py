"""Starting a replica so that its end is known whoever is left to see it.

A replica is an app and its keeper: a few lines of /bin/sh (some 0.2 MB of memory) that lead the
session, wait for the app and write down its exit code. So a controller that was killed and comes
back learns how replicas ended that are not its children, or that ended while there was none.

The claim is what makes a start happen once: it is created exclusively, by the app's own process,
in the folder that holds the intent, before the app's program begins. A folder without a claim
never ran anything; taking the folder away keeps a late starter from ever running.
"""

import asyncio
import contextlib
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from orchestrator.engines.process.identity import HAS_PROC

CLAIM_TIMEOUT_S: Final = 10.0
SHELL: Final = "/bin/sh"
_CLAIMED: Final = b"claimed\n"

_WHO_PROC: Final = """
keeper() { read -r keeper </proc/self/stat; }
app() { read -r app </proc/self/stat; }
"""
_WHO_PS: Final = """
keeper() { keeper=$(LC_ALL=C ps -o pid=,lstart= -p $$); }
app() {
    app=$(exec sh -c 'echo $PPID')
    app=$(LC_ALL=C ps -o pid=,lstart= -p "$app")
}
"""

# $1 working folder, $2 most KiB of data or "", then files of cgroups to join, `--`, the command.
# Standard input is the lease of the port, standard output the line to the engine, standard error
# the log. TERM is caught, not ignored: what is ignored would be ignored by the app too.
# Of its own the keeper says nothing (a shell would report kills to the log).
# Joining (125) comes before the claim, so that nothing ever runs outside its limits.
_KEEPER: Final = """
trap : HUP INT TERM
exec 3>&2 2>/dev/null
keeper
(
    exec 2>&3 3>&-
    workdir=$1 data_kib=$2
    shift 2
    while [ "$1" != -- ]; do
        echo 0 >"$1" || exit 125
        shift
    done
    shift
    [ -z "$data_kib" ] || ulimit -d "$data_kib" || exit 125
    app
    set -C
    printf '%s\\n' "$keeper" "$app" >claim || exit 125
    trap '' PIPE
    echo claimed 2>/dev/null
    trap - PIPE
    cd -- "$workdir" || exit 126
    exec "$@" >&2 </dev/null
)
code=$?
echo "$code" >exit
exit "$code"
"""

_JOIN: Final = """
while [ "$1" != -- ]; do
    echo 0 >"$1" || exit 125
    shift
done
shift
exec "$@"
"""


@dataclass(frozen=True, slots=True)
class Command:
    """What to run and within which bounds."""

    argv: Sequence[str]
    env: Mapping[str, str]
    workdir: str
    cgroup_files: Sequence[str] = ()
    data_bytes: int | None = None
    """Most private memory, where no cgroup bounds it."""


async def launch(command: Command, folder: Path, lease: socket.socket | None) -> int | None:
    """Start the keeper in `folder`; returns its pid once the claim is written.

    None: it ended without a claim, and the log says why. Raises `OSError` when the system has no
    process or descriptor left, and `TimeoutError`.
    """
    reader, writer = os.pipe()
    try:
        try:
            pid = _spawn(command, folder, lease, writer)
        finally:
            os.close(writer)
        async with asyncio.timeout(CLAIM_TIMEOUT_S):
            claimed = await _read(reader)
    finally:
        os.close(reader)
    if claimed == _CLAIMED:
        return pid
    _reap(pid)
    return None


def joining(command: Command) -> list[str]:
    """The argv that joins the cgroups and becomes the command."""
    return [SHELL, "-c", _JOIN, "sh", *command.cgroup_files, "--", *command.argv]


def _spawn(command: Command, folder: Path, lease: socket.socket | None, writer: int) -> int:
    who = _WHO_PROC if HAS_PROC else _WHO_PS
    data_kib = "" if command.data_bytes is None else str(command.data_bytes // 1024)
    bounds = [command.workdir, data_kib, *command.cgroup_files, "--"]
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        child = subprocess.Popen(  # one to two milliseconds: no thread is worth that
            [SHELL, "-c", who + _KEEPER, "sh", *bounds, *command.argv],
            stdin=subprocess.DEVNULL if lease is None else lease.fileno(),
            stdout=writer,
            stderr=log,
            cwd=folder,
            env=dict(command.env),
            start_new_session=True,
        )
    finally:
        os.close(log)
    child.returncode = 0  # the watcher reaps it, or a later controller never sees it as a child
    return child.pid


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)


def _reap(pid: int) -> None:
    """Wait for a keeper that has closed its output, as it does at its very end."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


async def _read(descriptor: int) -> bytes:
    """The first bytes that come, or none at the end of the stream."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, _wake, readable)
    try:
        await readable
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, len(_CLAIMED))
