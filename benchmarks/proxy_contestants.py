"""The proxies that race, each one process and one thread that serves, and their backends."""

import asyncio
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, Protocol
from unittest.mock import patch

from benchmarks import proxy_configs
from benchmarks.http import free_port
from benchmarks.machine import package
from benchmarks.processes import children
from benchmarks.proxy_cases import OURS, SIZES
from benchmarks.proxy_configs import NGINX_ALONE, NGINX_COMMON, Site
from benchmarks.sample import ROOT
from orchestrator import __version__
from orchestrator.model.snapshot import Endpoint, Listener, Snapshot
from orchestrator.runtime.proxy_build import import_root, source_root
from orchestrator.runtime.proxy_supervisor import ProxySupervisor
from orchestrator.runtime.proxy_worker import WORKER

START_TIMEOUT_S: Final = 20.0
BARE: Final = "bare"
INTERPRETED: Final = "interpreted"
"""Ours, as it is where there is no C compiler."""
# For modules of this package that run in a folder of their own.
IMPORTABLE: Final = {"PYTHONPATH": str(ROOT)}
# Go's runtime would otherwise use all processors.
_GO: Final = {"GOMAXPROCS": "1"}


class Contestant(Protocol):
    """A proxy that can be started. `missing`: why it cannot."""

    name: str
    missing: str
    version: str

    def running(self, site: Site) -> AbstractContextManager[tuple[int, ...]]:
        """Serve while the block runs; the processes that work."""


class Program:
    """A proxy that is a program with a configuration file."""

    def __init__(
        self,
        name: str,
        package: str,
        configure: Callable[[Site], Path],
        *arguments: str,
        version: str = "-v",
        environment: dict[str, str] | None = None,
    ) -> None:
        """The last of `arguments` is followed by the path of the file."""
        self.name = name
        self._program = program(name)
        self.missing = "" if self._program else f"not installed: {package}"
        self.version = version_of([self._program, version]) if self._program else ""
        self._configure = configure
        self._arguments = arguments
        self._environment = environment or {}

    @contextmanager
    def running(self, site: Site) -> Iterator[tuple[int, ...]]:
        """Write its configuration and run it."""
        argv = [self._program, *self._arguments, str(self._configure(site))]
        environment = {"HOME": str(site.folder), **self._environment}
        with _process(argv, site, environment) as pid:
            yield pid, *(child.pid for child in children(pid))


class Bare:
    """A forwarder with no features on the same foundation as ours."""

    def __init__(self) -> None:
        self.name, self.missing, self.version = BARE, "", f"(httptools {package('httptools')})"

    @contextmanager
    def running(self, site: Site) -> Iterator[tuple[int, ...]]:
        """Run it."""
        argv = [sys.executable, "-m", "benchmarks.bare_forwarder", str(site.port)]
        with _process([*argv, *map(str, site.backends)], site, IMPORTABLE) as pid:
            yield (pid,)


class Ours:
    """The workers of this project, run as the controller runs them. `worker`: their module;
    `root`: the folder that they are imported from, if another."""

    def __init__(self, name: str = OURS, worker: str = WORKER, root: Path | None = None) -> None:
        self.name, self.missing, self.version = name, "", __version__
        self._worker, self._root = worker, root or import_root()

    @contextmanager
    def running(self, site: Site) -> Iterator[tuple[int, ...]]:
        """Start them and route to the backends."""
        endpoints = tuple(
            Endpoint(f"web-{n}.1", "127.0.0.1", port, name=f"web-{n}")
            for n, port in enumerate(site.backends, 1)
        )
        log = "combined" if site.access_log else "off"
        listener = Listener("web", "127.0.0.1", site.port, endpoints, access_log=log)
        with asyncio.Runner() as runner:
            supervisor = ProxySupervisor(site.folder / "run", site.workers)
            module = "orchestrator.runtime.proxy_worker"
            with (
                patch.dict(os.environ, IMPORTABLE),
                patch(f"{module}.WORKER", self._worker),
                patch(f"{module}.import_root", lambda: self._root),
            ):
                runner.run(supervisor.start())
            try:
                runner.run(supervisor.publish(Snapshot(1, (listener,))))
                yield tuple(supervisor.pids)
            finally:
                runner.run(supervisor.stop())


def contestants() -> list[Contestant]:
    """All of them, in the order of the tables."""
    envoy = ("--concurrency", "1", "--disable-hot-restart", "-l", "error", "-c")
    bench = "make bench-proxy installs it"
    return [
        Program("nginx", "apt-get install nginx-light", proxy_configs.nginx, "-c"),
        Program("haproxy", "apt-get install haproxy", proxy_configs.haproxy, "-db", "-f"),
        Program("envoy", bench, proxy_configs.envoy, *envoy, version="--version"),
        Program(
            "traefik", bench, proxy_configs.traefik, "--configFile",
            version="version", environment=_GO,
        ),
        Program(
            "caddy", bench, proxy_configs.caddy, "run", "--adapter", "caddyfile", "--config",
            version="version", environment=_GO,
        ),
        Bare(),
        Ours(),
        Ours(INTERPRETED, root=source_root()),
    ]  # fmt: skip


def program(name: str) -> str:
    """Its path: beside our Python (the `bench` extra) or on the PATH; "" if it is nowhere."""
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin"]
    return shutil.which(name, path=os.pathsep.join(folders)) or ""


def version_of(argv: list[str]) -> str:
    """The first version number that a command prints, "" if it prints none."""
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    found = re.search(r"\d+\.\d+\.\d+", ended.stdout + ended.stderr)
    return found[0] if found else ""


@contextmanager
def backends(folder: Path, count: int) -> Iterator[tuple[int, ...]]:
    """So many listening ports that answer the paths of `SIZES`, served by one nginx."""
    own = folder / "backends"
    own.mkdir()
    for path, size in SIZES.items():
        (own / path.strip("/")).write_bytes(b"x" * size)
    ports = tuple(free_port() for _ in range(count))
    # Small answers from memory, so that the backend costs as little as it can.
    fixed = "\n".join(
        f'    location = {path} {{ return 200 "{"x" * size}"; }}'
        for path, size in SIZES.items()
        if size <= 1024
    )
    listens = " ".join(f"listen 127.0.0.1:{port} backlog=4096;" for port in ports)
    server = f"  access_log off; server {{ {listens} root {own}; sendfile on;\n{fixed}\n  }} }}\n"
    config = own / "nginx.conf"
    config.write_text(NGINX_COMMON.format(folder=own, processes=NGINX_ALONE) + server)
    with _process([program("nginx"), "-c", str(config)], Site(own, ports[-1], ()), {}):
        yield ports


@contextmanager
def echoes(folder: Path, count: int) -> Iterator[tuple[int, ...]]:
    """So many listening ports that echo WebSocket messages, served by one process."""
    own = folder / "echoes"
    own.mkdir()
    ports = tuple(free_port() for _ in range(count))
    argv = [sys.executable, "-m", "benchmarks.websocket_echo", *map(str, ports)]
    with _process(argv, Site(own, ports[-1], ()), IMPORTABLE):
        yield ports


@contextmanager
def _process(argv: list[str], site: Site, environment: dict[str, str]) -> Iterator[int]:
    """A process that listens on the site's port, for as long as the block runs."""
    errors = site.folder / "stderr"
    with site.log.open("ab") as output, errors.open("ab") as complaints:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=output, stderr=complaints,
            env={**os.environ, **environment}, cwd=site.folder,
        )  # fmt: skip
    try:
        _wait_for(site.port, process, errors)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]", errors: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    said = errors.read_text(errors="replace")[-2000:]
    raise RuntimeError(f"nothing listens on {port}: {said}")
