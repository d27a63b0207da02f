"""One proxy worker as the controller sees it: found or started, spoken to, ended."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Collection
from typing import Any, Final

from orchestrator.model.snapshot import Snapshot
from orchestrator.proxy.channel import PROTOCOL, Channel, Message, received_socket
from orchestrator.runtime.processes import start_ticks
from orchestrator.runtime.project import write_private
from orchestrator.runtime.proxy_build import import_root
from orchestrator.runtime.proxy_files import WorkerFiles

Address = tuple[str, int]

WORKER: Final = "orchestrator.proxy.worker"
"""The module that is run."""
GREETING_S: Final = 5.0
# What Python may need to start; nothing that could hold a secret.
_PASSED_ON: Final = ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONHOME")
_POLL_S: Final = 0.01


class ProxyWorker:
    """The controller's end of one worker.

    `known`: endpoints it may still send requests to. `acked`: version of the last snapshot it
    confirmed, None from sending until then. `asleep`: what it said at the greeting.
    `on_change()` is called after each message, `on_suspect(endpoint, why)` for suspects,
    `on_demand(service, waiting)` while requests wait for a service that is asleep,
    `on_lost(worker)` when the connection has ended.
    """

    def __init__(
        self,
        files: WorkerFiles,
        on_change: Callable[[], None],
        on_suspect: Callable[[str, str], None],
        on_demand: Callable[[str, int], None],
        on_lost: Callable[["ProxyWorker"], None],
    ) -> None:
        self.files = files
        self.pid = 0
        self.start_time = 0
        self.known: set[str] = set()
        self.asleep: frozenset[str] = frozenset()
        self.routed: frozenset[str] = frozenset()
        self.acked: int | None = None
        self.refusal = ""
        self.stats: dict[str, Any] = {}
        self.stats_received = 0
        self._listening: set[Address] = set()
        self._inherited: dict[Address, socket.socket] = {}
        self.protocol = 0
        self._on_change = on_change
        self._on_suspect = on_suspect
        self._on_demand = on_demand
        self._on_lost = on_lost
        self._channel: Channel | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether messages reach it."""
        return self._channel is not None and not self._channel.closed

    # --- coming

    async def adopt(self) -> bool:
        """Take over the running worker; False if there is none that answers."""
        identity = self.files.identity()
        if identity is None:
            return False
        self.pid, self.start_time = identity
        if await self._connect() and self.protocol == PROTOCOL:
            return True
        await self.kill()
        return False

    async def spawn(self) -> bool:
        """Start a new one; False if it does not come up in time."""
        self._reset()
        self.files.socket.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as control:
            control.bind(os.fspath(self.files.socket))
            self.files.socket.chmod(0o600)
            control.listen(8)
            self._start(control.fileno())
        if await self._connect():
            return True
        await self.kill()
        return False

    def _start(self, descriptor: int) -> None:
        environment = {k: os.environ[k] for k in _PASSED_ON if k in os.environ}
        inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
        search_path = [os.fspath(import_root()), *filter(None, inherited)]
        with open(self.files.log, "ab", opener=_private) as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", WORKER,
                 str(descriptor), os.fspath(self.files.socket), os.fspath(self.files.access_logs)],
                pass_fds=(descriptor,),
                start_new_session=True,  # A Ctrl-C at the controller's terminal is not for it.
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd="/",
                env={**environment, "PYTHONPATH": os.pathsep.join(search_path)},
            )  # fmt: skip
        self.pid = self._process.pid
        self.start_time = start_ticks(self.pid) or 0
        record = {"pid": self.pid, "start_time": self.start_time}
        write_private(self.files.record, json.dumps(record))

    async def _connect(self) -> bool:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(GREETING_S)  # A Unix connect only waits while the backlog is full.
            sock.connect(os.fspath(self.files.socket))
        except OSError:
            sock.close()
            return False
        self._ready.clear()
        self._channel = Channel(sock, self._received, self._lost)
        try:
            async with asyncio.timeout(GREETING_S):
                await self._ready.wait()
        except TimeoutError:
            self._channel.close()
        return self.connected

    def _reset(self) -> None:
        self._disconnect()
        self.known, self.routed, self.acked = set(), frozenset(), None
        self.stats = {}

    # --- talking

    def listen(self, address: Address, sock: socket.socket) -> None:
        """Hand over a listening socket it does not have yet."""
        if address not in self._listening:
            self._listening.add(address)
            self._send({"type": "listen", "host": address[0], "port": address[1]}, sock.fileno())

    def route(self, snapshot: Snapshot) -> None:
        """Send a snapshot; `acked` tells when it is in force."""
        self.acked, self.refusal = None, ""
        self.routed = snapshot.endpoint_ids
        self.known |= self.routed
        self._listening &= {listener.address for listener in snapshot.listeners}
        self._send({"type": "snapshot", "snapshot": snapshot.to_json()})

    def tell_gone(self, endpoint_ids: Collection[str]) -> None:
        """Have it end what it has open with those of these endpoints that it knows."""
        if known := self.known.intersection(endpoint_ids):
            self._send({"type": "gone", "endpoints": sorted(known)})

    def take_sockets(self) -> dict[Address, socket.socket]:
        """The listening sockets that came with an adopted worker; theirs who asks."""
        taken, self._inherited = self._inherited, {}
        return taken

    def ask_stats(self) -> None:
        """Have it send its counters now."""
        self._send({"type": "stats"})

    def _send(self, message: Message, fd: int | None = None) -> None:
        if self._channel is not None:
            self._channel.send(message, fd)

    def _received(self, message: Message, fds: list[int]) -> None:
        match message.get("type"):
            case "hello":
                self.protocol = int(message["protocol"])
                self.known = set(message["endpoints"])
                self.asleep = frozenset(message.get("asleep", ()))
            case "listener":
                address = (str(message["host"]), int(message["port"]))
                self._inherited[address] = received_socket(fds)
                self._listening.add(address)
            case "ready":
                self._ready.set()
            case "ack":
                self.acked = int(message["version"])
            case "refused":
                self.refusal = str(message["why"])
            case "drained":
                # One that is routed again is not gone, whatever was true when this was sent.
                self.known -= {str(message["endpoint"])} - self.routed
            case "suspect":
                self._on_suspect(str(message["endpoint"]), str(message["why"]))
            case "demand":
                self._on_demand(str(message["service"]), int(message["waiting"]))
            case "stats":
                self.stats = {k: message[k] for k in ("services", "endpoints")}
                self.stats_received += 1
        self._on_change()

    def _lost(self) -> None:
        self._ready.set()
        self._on_change()
        self._on_lost(self)

    # --- going

    def shut_down(self, timeout_s: float) -> None:
        """Have it drain and exit."""
        self._send({"type": "shutdown", "timeout_s": timeout_s})

    async def gone(self, timeout_s: float) -> bool:
        """Wait for its end; False if it still runs then."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while self._alive():
            if asyncio.get_running_loop().time() >= deadline:
                return False
            await asyncio.sleep(_POLL_S)
        return True

    async def kill(self) -> None:
        """End it now. A stranger with the same pid is left alone."""
        self._disconnect()
        if self._alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        await self.gone(GREETING_S)

    def let_go(self) -> None:
        """End the connection; the worker itself goes on."""
        self._disconnect()
        for sock in self.take_sockets().values():
            sock.close()
        if self._process is not None:
            self._process.returncode = 0  # Not ours to wait for any more.

    def _disconnect(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._listening.clear()

    def _alive(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            return False
        return start_ticks(self.pid) == self.start_time


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
